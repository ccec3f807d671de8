import { type Check, since } from "../check.ts";
import { linkNames, networkState } from "./look.ts";
import type { Damage, Subject } from "../subject.ts";
import {
  Skipped,
  expectError,
  expectSilence,
  expectSuccess,
  expectThat,
} from "../verdict.ts";
import type { Container, Setting } from "../setting.ts";

const CHECK = '§2 "CHECK"';
const MISSING = `${CHECK}, a resource of the result is missing`;

/** CHECK is content with what ADD left, and notices damage. */
export function checkChecks({ damages }: Subject): readonly Check[] {
  return since("0.4.0", [
    ...generalChecks,
    ...damageChecks,
    ...damages.map(userDamage),
  ]);
}

const generalChecks: readonly Check[] = [
  {
    name: "check/after-add",
    clause: `${CHECK}, immediately after an ADD`,
    level: "MUST",
    async run(setting) {
      expectSilence(await (await added(setting)).call("CHECK"));
    },
  },
  {
    name: "check/changes-nothing",
    clause: CHECK,
    level: "SHOULD",
    async run(setting) {
      const container = await added(setting);
      const state = (): string =>
        networkState(setting.host) + networkState(container.pod);
      const before = state();
      expectSuccess(await container.call("CHECK"));
      expectThat(state() === before, "CHECK changed the network's state");
    },
  },
  {
    name: "check/allows-what-later-plugins-add",
    clause: `${CHECK}, a later chained plugin`,
    level: "MUST",
    kinds: ["interface", "chained"],
    async run(setting) {
      const container = await added(setting);
      const { ifname } = setting.subject;
      container.pod.shell(
        `ip addr add 198.51.100.7/32 dev ${ifname}; ip route add 203.0.113.0/24 dev ${ifname}`,
      );
      expectSuccess(await container.call("CHECK"));
    },
  },
  {
    name: "check/refuses-missing-prevResult",
    clause: `${CHECK}, runtime considerations`,
    level: "SHOULD",
    kinds: ["interface", "chained"],
    async run(setting) {
      const container = await added(setting);
      const config = { prevResult: undefined };
      expectError(await container.call("CHECK", { config }));
    },
  },
  {
    name: "check/refuses-older-versions",
    clause: "§2 of 0.3.1, which has no CHECK; libcni's skel",
    level: "SHOULD",
    async run(setting) {
      if (!setting.versions.subject.includes("0.3.1")) {
        throw new Skipped("the plugin does not support 0.3.1");
      }
      const container = await setting.container("0.3.1");
      const prevResult = await container.add();
      expectError(await container.call("CHECK", { config: { prevResult } }), 1);
    },
  },
];

/** A plugin need only notice damage to what it made itself. */
const damageChecks: readonly Check[] = [
  {
    name: "check/notices-deleted-interface",
    clause: MISSING,
    level: "SHOULD",
    kinds: ["interface"],
    run: (setting) =>
      noticed(setting, ({ pod }) => {
        pod.exec("ip", "link", "delete", setting.subject.ifname);
      }),
  },
  {
    name: "check/notices-removed-address",
    clause: MISSING,
    level: "SHOULD",
    kinds: ["interface"],
    run: (setting) =>
      noticed(setting, ({ pod }) => {
        pod.exec("ip", "addr", "flush", "dev", setting.subject.ifname);
      }),
  },
  {
    name: "check/notices-removed-route",
    clause: MISSING,
    level: "SHOULD",
    kinds: ["interface"],
    run: (setting) =>
      noticed(setting, ({ pod }, { routes }) => {
        if (routes === undefined) throw new Skipped("ADD made no routes");
        pod.shell("ip -4 route flush table main; ip -6 route flush table main");
      }),
  },
  {
    name: "check/notices-released-address",
    clause: `${CHECK}, IP reservations`,
    level: "SHOULD",
    kinds: ["ipam"],
    run: (setting) => noticed(setting, (container) => container.call("DEL")),
  },
];

function userDamage({ name, script }: Damage): Check {
  return {
    name: `check/notices-${name}`,
    clause: `${CHECK}, resources not tracked in the result`,
    level: "SHOULD",
    run: (setting) =>
      noticed(setting, ({ pod }) => {
        const variables = [
          `CNI_NETNS=${pod.path} CNI_IFNAME=${setting.subject.ifname}`,
          `CNI_NETWORK=${setting.network} SCRATCH=${setting.scratch}`,
        ];
        setting.host.shell(`export ${variables.join(" ")}\n${script}`);
      }),
  };
}

async function noticed(
  setting: Setting,
  damage: (
    container: Container,
    result: Readonly<Record<string, unknown>>,
  ) => unknown,
): Promise<void> {
  const container = await setting.container();
  const result = await container.add();
  expectSuccess(await container.call("CHECK"));
  await damage(container, result);
  expectError(await container.call("CHECK"));
}

async function added(setting: Setting): Promise<Container> {
  const container = await setting.container();
  await container.add();
  if (setting.subject.kind === "interface") {
    expectThat(
      linkNames(container.pod).includes(setting.subject.ifname),
      "ADD made no interface",
    );
  }
  return container;
}
