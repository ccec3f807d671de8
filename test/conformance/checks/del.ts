import type { Check } from "../check.ts";
import { linkNames } from "./look.ts";
import { expectSilence, expectSuccess, expectThat } from "../verdict.ts";

const DEL = '§2 "DEL"';
const TWICE = `${DEL}, multiple DEL calls`;

/** DEL takes back what ADD did, and never fails because something is gone. */
export const delChecks: readonly Check[] = [
  {
    name: "del/after-add",
    clause: DEL,
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      await container.add();
      expectSuccess(await container.call("DEL"));
    },
  },
  {
    name: "del/prints-nothing",
    clause: DEL,
    level: "SHOULD",
    async run(setting) {
      const container = await setting.container();
      await container.add();
      expectSilence(await container.call("DEL"));
    },
  },
  {
    name: "del/removes-the-interface",
    clause: DEL,
    level: "MUST",
    kinds: ["interface"],
    async run(setting) {
      const container = await setting.container();
      await container.add();
      expectSuccess(await container.call("DEL"));
      expectThat(
        !linkNames(container.pod).includes(setting.subject.ifname),
        `the interface "${setting.subject.ifname}" is still there`,
      );
    },
  },
  {
    name: "del/leaves-no-veth-behind",
    clause: DEL,
    level: "SHOULD",
    async run(setting) {
      const before = veths(
        setting.host.exec("ip", "-o", "link", "show", "type", "veth"),
      );
      const container = await setting.container();
      const based = veths(
        setting.host.exec("ip", "-o", "link", "show", "type", "veth"),
      );
      await container.add();
      expectSuccess(await container.call("DEL"));
      const after = veths(
        setting.host.exec("ip", "-o", "link", "show", "type", "veth"),
      );
      const kept = setting.subject.kind === "chained" ? based : before;
      expectThat(
        after === kept,
        `${after} veth devices are left, want ${kept}`,
      );
    },
  },
  {
    name: "del/twice",
    clause: TWICE,
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      await container.add();
      expectSuccess(await container.call("DEL"));
      expectSuccess(await container.call("DEL"));
    },
  },
  {
    name: "del/before-add",
    clause: TWICE,
    level: "MUST",
    async run(setting) {
      expectSuccess(await (await setting.container()).call("DEL"));
    },
  },
  {
    name: "del/after-failed-add",
    clause:
      '§3 "Lifecycle & Ordering": a delete is executed even if the add fails',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      await container.call("ADD", {
        environment: { CNI_NETNS: `${setting.scratch}/gone` },
      });
      expectSuccess(await container.call("DEL"));
    },
  },
  {
    name: "del/without-CNI_NETNS",
    clause: `${DEL}, optional environment parameters`,
    level: "MUST",
    async run(setting) {
      for (const CNI_NETNS of ["", undefined]) {
        const container = await setting.container();
        await container.add();
        expectSuccess(
          await container.call("DEL", { environment: { CNI_NETNS } }),
        );
      }
    },
  },
  {
    name: "del/namespace-is-gone",
    clause: `${DEL}, missing resources`,
    level: "SHOULD",
    async run(setting) {
      const container = await setting.container();
      await container.add();
      const environment = { CNI_NETNS: `${setting.scratch}/gone` };
      expectSuccess(await container.call("DEL", { environment }));
    },
  },
  {
    name: "del/interface-is-gone",
    clause: TWICE,
    level: "MUST",
    kinds: ["interface", "chained"],
    async run(setting) {
      const container = await setting.container();
      await container.add();
      container.pod.try("ip", "link", "delete", setting.subject.ifname);
      expectSuccess(await container.call("DEL"));
    },
  },
  {
    name: "del/without-prevResult",
    clause: `${DEL}, missing resources`,
    level: "SHOULD",
    async run(setting) {
      const container = await setting.container();
      await container.add();
      const config = { prevResult: undefined };
      expectSuccess(await container.call("DEL", { config }));
    },
  },
];

function veths(text: string): number {
  return text.split("\n").filter(Boolean).length;
}
