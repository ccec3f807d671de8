import { beforeAll, describe, expect, it } from "vitest";
import { tryAssociation } from "../../../plugin/kernel/esp.ts";
import { binding } from "../../support/binding.ts";
import {
  callBinary,
  type Ended,
  requireBinary,
} from "../../support/faults/call.ts";
import { count, crowd, forever } from "../../support/faults/crowd.ts";
import { openResident, type Resident } from "../../support/faults/resident.ts";
import {
  encryptedCluster,
  type FaultPod,
  faultSite,
  type FaultSite,
} from "../../support/faults/site.ts";
import {
  clearNode,
  duplicates,
  type NodeState,
  nodeState,
} from "../../support/faults/state.ts";

const PODS = 200;
const ROUNDS = 10;
const RESIDENTS = 6;
const BEHIND_IPSEC = 40;
/** 200 programs at once on two cores. */
const CROWDED_MS = 240_000;

beforeAll(requireBinary);

type Outcome = Pick<Ended, "exitCode" | "stdout" | "stderr" | "answer">;
type CallAll = (command: string) => Promise<Outcome[]>;

describe(`${PODS} pods at once, with \`crosslink apply\` running beside`, () => {
  it(`ADD and DEL, ${ROUNDS} rounds: nothing is lost, nothing is there twice, nothing is left`, async () => {
    using site = faultSite(PODS);
    await callBinary(site, { command: ["apply"] });
    const before = nodeState(site);
    expect(duplicates(before)).toEqual([]);
    const residents = await openResidents(site);
    const rounds = [
      byBinary(site),
      ...Array.from({ length: ROUNDS - 1 }, () => byResidents(site, residents)),
    ];
    const tried = { ADD: 0, DEL: 0, apply: 0 };
    const lost = { ADD: 0, DEL: 0, apply: 0 };
    for (const callAll of rounds) {
      clearNode(site);
      const beside = forever(() =>
        callBinary(site, { command: ["apply"], limitMs: CROWDED_MS }),
      );
      const tally = (name: keyof typeof lost, ended: Outcome[]): void => {
        tried[name] += ended.length;
        lost[name] += failures(ended).length;
        expect.soft(failures(ended)).toEqual([]);
      };
      try {
        tally("ADD", await callAll("ADD"));
        expect.soft(nodeState(site)).toEqual(withPods(before, site.pods));
        const plan = await callBinary(site, { command: ["plan", "--json"] });
        expect.soft(plan.answer?.["changes"]).toEqual([]);
        tally("DEL", await callAll("DEL"));
        expect.soft(afterDel(nodeState(site))).toEqual(before);
      } finally {
        tally("apply", await beside.stop());
      }
    }
    closeAll(residents);
    count(`ADDs, ${PODS} at once`, tried.ADD, lost.ADD);
    count(`DELs, ${PODS} at once`, tried.DEL, lost.DEL);
    count("`apply` beside them", tried.apply, lost.apply);
  }, 400_000);

  it("ADD toward an encrypted cluster: each block policy is there once", async () => {
    using site = faultSite(BEHIND_IPSEC, encryptedCluster);
    const residents = await openResidents(site);
    const added = await byResidents(site, residents)("ADD");
    closeAll(residents);
    const state = nodeState(site);
    // Without ESP the SAs are refused after the block policies stand.
    const code = tryAssociation({ binding }, 4) === undefined ? undefined : 102;
    const lost = added.filter(({ answer }) => answer?.code !== code);
    count("ADDs in parallel behind IPsec", added.length, lost.length);
    expect(lost).toEqual([]);
    expect(duplicates(state)).toEqual([]);
    expect(
      state.policies
        .filter((line) => line.includes("action block"))
        .map((line) => line.replace(/ ptype.*/, "")),
    ).toEqual(
      ["10.1.0.0/16", "10.2.0.0/16", "fd0b::/64"].flatMap(blocks).sort(),
    );
  }, 240_000);
});

/** All of them are up when this resolves, so that their first calls meet. */
async function openResidents(site: FaultSite): Promise<Resident[]> {
  const residents = Array.from({ length: RESIDENTS }, () => openResident(site));
  await Promise.all(residents.map(({ call }) => call({ command: "VERSION" })));
  return residents;
}

function closeAll(residents: readonly Resident[]): void {
  for (const resident of residents) resident[Symbol.dispose]();
}

/** As many programs as pods. */
function byBinary(site: FaultSite): CallAll {
  return (command) =>
    crowd(site.pods, PODS, (pod) =>
      callBinary(site, { command, pod, limitMs: CROWDED_MS }),
    );
}

/** As many calls as pods, dealt out to processes that run already: there the calls themselves meet, not their starts. */
function byResidents(site: FaultSite, residents: readonly Resident[]): CallAll {
  return (command) =>
    Promise.all(
      site.pods.map((pod, index) =>
        residents[index % residents.length]!.call({ command, pod }),
      ),
    );
}

function failures<Item extends Outcome>(ended: readonly Item[]): Item[] {
  return ended.filter(({ exitCode }) => exitCode !== 0);
}

/** DEL leaves the sysctls of the pod's own device, which the base plugin's DEL removes next. */
function afterDel(state: NodeState): NodeState {
  const devices = state.devices.filter((line) => !line.startsWith("/proc/sys"));
  return { ...state, devices };
}

/** What ADD promises for a pod behind a routed veth, over what the node itself has. */
function withPods(before: NodeState, pods: readonly FaultPod[]): NodeState {
  return {
    ...before,
    routes: [...before.routes, ...pods.flatMap(hostRoutes)].sort(),
    devices: pods
      .flatMap(({ device, containerId }) => [
        `${device} crosslink pods ${containerId} eth0`,
        `/proc/sys/net/ipv4/conf/${device}/proxy_arp:1`,
        `/proc/sys/net/ipv6/conf/${device}/proxy_ndp:1`,
      ])
      .sort(),
  };
}

function hostRoutes({ device, addresses: [ipv4, ipv6] }: FaultPod): string[] {
  const bare = (address: string): string => address.replace(/\/.*/, "");
  return [
    `${bare(ipv4)} dev ${device} proto 88 scope link`,
    `${bare(ipv6)} dev ${device} proto 88 metric 1024 pref medium`,
  ];
}

function blocks(remote: string): string[] {
  const any = remote.includes(":") ? "::/0" : "0.0.0.0/0";
  return [
    `src ${any} dst ${remote} dir out action block priority 17299`,
    `src ${remote} dst ${any} dir fwd action block priority 17299`,
    `src ${remote} dst ${any} dir in action block priority 17299`,
  ];
}
