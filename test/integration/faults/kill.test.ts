import { beforeAll, describe, expect, it } from "vitest";
import { type BinaryCall, requireBinary } from "../../support/faults/call.ts";
import { count } from "../../support/faults/crowd.ts";
import { type Moment, telling } from "../../support/faults/moment.ts";
import { openResident } from "../../support/faults/resident.ts";
import {
  encryptedCluster,
  faultSite,
  type FaultSite,
} from "../../support/faults/site.ts";
import {
  clearFiles,
  clearNode,
  duplicates,
  inNode,
  nodeState,
} from "../../support/faults/state.ts";
import { callStruck, momentsOf } from "../../support/faults/strace.ts";
import { startTraffic } from "../../support/faults/traffic.ts";

/** Some hundred calls, one after the other. */
const LIMIT_MS = 2_000_000;

/** How often Node's event loop turns before it ends differs from run to run. */
const OF_THE_LOOP = new Set(["epoll_pwait", "io_uring_enter"]);

/**
 * V8 opens files of /sys where its threads contend, and libuv's wake each other by write(2): in a run with so many more of these
 * the last of ours have higher numbers.
 */
const MORE_IN_SOME_RUNS = 6;

beforeAll(requireBinary);

interface Killing {
  readonly call: Omit<BinaryCall, "config"> & {
    readonly config?: Readonly<Record<string, unknown>>;
  };
  /** What is killed, for the line of counts. */
  readonly name: string;
  /** Brings the node to where the call begins. */
  readonly prepare: () => unknown;
  /** Left out: all moments. */
  readonly choose?: (moments: readonly Moment[]) => readonly Moment[];
}

/**
 * Kills a call before each of its system calls, and makes it again: then the node must be as after a call that nobody
 * disturbed.
 */
async function killEverywhere(site: FaultSite, what: Killing): Promise<void> {
  const { prepare } = what;
  using resident = openResident(site);
  // Lines of a log would be one system call in three.
  const config = { logFile: undefined, ...what.call.config };
  const call = { ...what.call, config };
  // The first call of a new build unpacks the addon, which no later one does.
  await resident.call(call);
  await prepare();
  const seen = await momentsOf(site, call);
  const planned = what.choose?.(seen) ?? seen;
  const wanted = nodeState(site);
  expect(duplicates(wanted)).toEqual([]);
  const { exitCode } = await resident.call(call);
  const lost: unknown[] = [];
  const missed: Moment[] = [];
  for (const moment of planned) {
    if (!(await isKilledAt(site, call, moment, prepare))) missed.push(moment);
    const again = await resident.call(call);
    const state = nodeState(site);
    if (again.exitCode !== exitCode || !isSame(state, wanted))
      lost.push({ moment, again, state });
  }
  count(
    `kill -9 of ${what.name}, of ${seen.length} system calls`,
    planned.length - missed.length,
    lost.length,
  );
  expect(lost).toEqual([]);
  const lasting = missed.filter(
    (moment) => moment.lasting && !OF_THE_LOOP.has(moment.systemCall),
  );
  expect(lasting).toEqual([]);
  expect(missed.length).toBeLessThan(planned.length * 0.05);
}

/** Whether the call came to that moment, and ended there. */
async function isKilledAt(
  site: FaultSite,
  call: BinaryCall,
  { systemCall, nth }: Moment,
  prepare: Killing["prepare"],
): Promise<boolean> {
  const fault = "signal=KILL";
  for (let at = nth; at > Math.max(0, nth - MORE_IN_SOME_RUNS); at--) {
    await prepare();
    const struck = await callStruck(site, call, { systemCall, nth: at, fault });
    if (struck?.signal === "SIGKILL") return true;
  }
  return false;
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

describe.concurrent(
  "kill -9 before every system call after the start of the program (but those on its own memory, threads and signals); then the same again",
  () => {
    it(
      "ADD, from nothing",
      async () => {
        using site = faultSite(1);
        await killEverywhere(site, {
          name: "ADD",
          call: { command: "ADD", pod: site.pods[0]! },
          prepare: () => {
            clearNode(site);
            clearFiles(site);
          },
        });
      },
      LIMIT_MS,
    );

    it(
      "apply, from nothing, wherever it may leave something behind: ADD goes the same way call by call",
      async () => {
        using site = faultSite(1);
        await killEverywhere(site, {
          name: "apply",
          call: { command: ["apply"] },
          choose: telling,
          prepare: () => {
            clearNode(site);
            clearFiles(site);
          },
        });
      },
      LIMIT_MS,
    );

    it(
      "DEL",
      async () => {
        using site = faultSite(1);
        using resident = openResident(site);
        const pod = site.pods[0]!;
        await killEverywhere(site, {
          name: "DEL",
          call: { command: "DEL", pod },
          prepare: () => resident.call({ command: "ADD", pod }),
        });
      },
      LIMIT_MS,
    );

    it(
      "GC",
      async () => {
        using site = faultSite(2);
        using resident = openResident(site);
        const [kept, gone] = site.pods;
        const valid = [{ containerID: kept!.containerId, ifname: "eth0" }];
        await resident.call({ command: "ADD", pod: kept! });
        await killEverywhere(site, {
          name: "GC",
          call: {
            command: "GC",
            config: { "cni.dev/valid-attachments": valid },
          },
          prepare: () => resident.call({ command: "ADD", pod: gone! }),
        });
      },
      LIMIT_MS,
    );

    it.each(["ADD", ["apply"]])(
      "%s behind IPsec, killed wherever it may leave something behind, while a pod sends: not one packet in clear text toward what is guarded",
      async (command) => {
        using site = faultSite(1, encryptedCluster);
        using resident = openResident(site);
        await resident.call({ command: ["apply"] });
        // What only the first call writes (the word on rules that were found right) is killed at in the cases from nothing.
        await resident.call({ command, pod: site.pods[0]! });
        using traffic = await startTraffic(site, [...GUARDED, ...UNGUARDED]);
        await killEverywhere(site, {
          name: `${String(command)} behind IPsec`,
          call: { command, pod: site.pods[0]! },
          choose: telling,
          // Half of what guards 10.2.0.0/16 and the pod's routes are to be put back.
          prepare: () =>
            inNode(
              site,
              `
              ip xfrm policy delete src 10.2.0.0/16 dst 0.0.0.0/0 dir fwd
              ip xfrm policy delete src 10.2.0.0/16 dst 0.0.0.0/0 dir in
              ip -4 route flush table main proto 88`,
            ),
        });
        const left = await traffic.stop();
        const leaked = GUARDED.filter((address) => left.get(address) !== 0);
        count(
          `packets seen on the wire while ${String(command)} is killed`,
          [...left.values()].reduce((sum, packets) => sum + packets),
          GUARDED.reduce((sum, address) => sum + left.get(address)!, 0),
        );
        expect(leaked).toEqual([]);
        // That packets do leave shows that the capture sees them.
        for (const address of UNGUARDED)
          expect(left.get(address)).toBeGreaterThan(100);
      },
      LIMIT_MS,
    );
  },
);

const GUARDED = ["10.1.0.1", "10.2.0.1", "fd0b::1"];
const UNGUARDED = ["192.0.2.1", "2001:db8::1"];
