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
import type { Container, Site } from "../setting.ts";

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
    async run(site) {
      expectSilence(await (await added(site)).call("CHECK"));
    },
  },
  {
    name: "check/changes-nothing",
    clause: CHECK,
    level: "SHOULD",
    async run(site) {
      const container = await added(site);
      const state = (): string =>
        networkState(site.host) + networkState(container.pod);
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
    async run(site) {
      const container = await added(site);
      const { ifname } = site.subject;
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
    async run(site) {
      const container = await added(site);
      const config = { prevResult: undefined };
      expectError(await container.call("CHECK", { config }));
    },
  },
  {
    name: "check/refuses-older-versions",
    clause: "§2 of 0.3.1, which has no CHECK; libcni's skel",
    level: "SHOULD",
    async run(site) {
      if (!site.versions.subject.includes("0.3.1")) {
        throw new Skipped("the plugin does not support 0.3.1");
      }
      const container = await site.container("0.3.1");
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
    run: (site) =>
      noticed(site, ({ pod }) => {
        pod.exec("ip", "link", "delete", site.subject.ifname);
      }),
  },
  {
    name: "check/notices-removed-address",
    clause: MISSING,
    level: "SHOULD",
    kinds: ["interface"],
    run: (site) =>
      noticed(site, ({ pod }) => {
        pod.exec("ip", "addr", "flush", "dev", site.subject.ifname);
      }),
  },
  {
    name: "check/notices-removed-route",
    clause: MISSING,
    level: "SHOULD",
    kinds: ["interface"],
    run: (site) =>
      noticed(site, ({ pod }, { routes }) => {
        if (routes === undefined) throw new Skipped("ADD made no routes");
        pod.shell("ip -4 route flush table main; ip -6 route flush table main");
      }),
  },
  {
    name: "check/notices-released-address",
    clause: `${CHECK}, IP reservations`,
    level: "SHOULD",
    kinds: ["ipam"],
    run: (site) => noticed(site, (container) => container.call("DEL")),
  },
];

function userDamage({ name, script }: Damage): Check {
  return {
    name: `check/notices-${name}`,
    clause: `${CHECK}, resources not tracked in the result`,
    level: "SHOULD",
    run: (site) =>
      noticed(site, ({ pod }) => {
        const variables = [
          `CNI_NETNS=${pod.path} CNI_IFNAME=${site.subject.ifname}`,
          `CNI_NETWORK=${site.network} SCRATCH=${site.scratch}`,
        ];
        site.host.shell(`export ${variables.join(" ")}\n${script}`);
      }),
  };
}

async function noticed(
  site: Site,
  damage: (
    container: Container,
    result: Readonly<Record<string, unknown>>,
  ) => unknown,
): Promise<void> {
  const container = await site.container();
  const result = await container.add();
  expectSuccess(await container.call("CHECK"));
  await damage(container, result);
  expectError(await container.call("CHECK"));
}

async function added(site: Site): Promise<Container> {
  const container = await site.container();
  await container.add();
  if (site.subject.kind === "interface") {
    expectThat(
      linkNames(container.pod).includes(site.subject.ifname),
      "ADD made no interface",
    );
  }
  return container;
}
