import { isDeepStrictEqual } from "node:util";
import { convertResult, parseResult } from "../../../cni/result.ts";
import type { Json } from "../call.ts";
import type { Check } from "../check.ts";
import { linkNames } from "./look.ts";
import { expectError, expectThat } from "../verdict.ts";

const ADD = '§2 "ADD"';

/** What ADD does, and what it hands on. */
export const addChecks: readonly Check[] = [
  {
    name: "add/creates-the-interface",
    clause: ADD,
    level: "MUST",
    kinds: ["interface"],
    async run(setting) {
      const container = await setting.container();
      await container.add();
      expectThat(
        linkNames(container.pod).includes(setting.subject.ifname),
        `the container has no interface "${setting.subject.ifname}"`,
      );
    },
  },
  {
    name: "add/configures-the-addresses",
    clause: `${ADD}; §5 "ADD Success", ips`,
    level: "MUST",
    kinds: ["interface"],
    async run(setting) {
      const container = await setting.container();
      const result = parseResult(await container.add(), setting.version);
      const inside = container.pod.exec("ip", "-o", "addr", "show");
      for (const { address } of result.ips) {
        expectThat(
          inside.includes(` ${address} `),
          `the container does not have the address ${address}`,
        );
      }
    },
  },
  {
    name: "add/refuses-an-interface-that-exists",
    clause: ADD,
    level: "MUST",
    kinds: ["interface"],
    async run(setting) {
      const container = await setting.container();
      const { ifname } = setting.subject;
      container.pod.shell(`ip link add ${ifname} type veth peer name other`);
      expectError(await container.call("ADD"));
    },
  },
  {
    name: "add/refuses-a-namespace-that-does-not-exist",
    clause: ADD,
    level: "MUST",
    kinds: ["interface"],
    async run(setting) {
      const container = await setting.container();
      const environment = { CNI_NETNS: `${setting.scratch}/gone` };
      expectError(await container.call("ADD", { environment }));
    },
  },
  {
    name: "add/hands-on-prevResult",
    clause: `${ADD}; §5 "ADD Success"`,
    level: "MUST",
    kinds: ["chained"],
    since: "0.3.0",
    async run(setting) {
      for (const version of setting.versions.subject) {
        const container = await setting.container(version);
        const result = await container.add();
        requireContains(result, container.prevResult ?? {}, version);
      }
    },
  },
  {
    name: "add/works-again-after-del",
    clause: '§3 "Lifecycle & Ordering"',
    level: "MUST",
    kinds: ["interface", "ipam"],
    async run(setting) {
      const container = await setting.container();
      await container.add();
      await container.call("DEL");
      await container.add();
    },
  },
];

/** Plugins may add to a result, and change what they changed; this asks that nothing got lost. */
function requireContains(result: Json, before: Json, version: string): void {
  const after = normal(result, version);
  for (const [key, items] of Object.entries(normal(before, version))) {
    const found = after[key];
    const lost = asList(items).filter(
      (item) => !asList(found).some((other) => isDeepStrictEqual(item, other)),
    );
    expectThat(
      lost.length === 0,
      `${version}: prevResult's ${key} lost ${JSON.stringify(lost)}`,
    );
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

/** Through our own types, so that an empty `dns` and an absent one are equal. */
function normal(result: Json, version: string): Json {
  return { dns: {}, ...convertResult(parseResult(result, version), version) };
}
