import { constants } from "node:os";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type BinaryCall,
  isOrderly,
  requireBinary,
} from "../../support/faults/call.ts";
import { count } from "../../support/faults/crowd.ts";
import {
  openResident,
  type Resident,
  type ResidentEnded,
} from "../../support/faults/resident.ts";
import { faultSite, type FaultSite } from "../../support/faults/site.ts";
import { clearNode, inNode, nodeState } from "../../support/faults/state.ts";
import { callStruck, momentsOf } from "../../support/faults/strace.ts";

const LIMIT_MS = 1_600_000;

/** What each error must become where a call cannot go on in spite of it: the table of cni/translate.ts, in a test's words. */
const CODES = {
  ENOBUFS: 11,
  EBUSY: 11,
  EINTR: 11,
  ENOMEM: 11,
  EPERM: 105,
  ENOSPC: 5,
  EROFS: 5,
} as const;
type Errno = keyof typeof CODES;
const ERRORS = Object.keys(CODES) as Errno[];

beforeAll(requireBinary);

interface Failing {
  readonly call: BinaryCall;
  /** Brings the node to where the call begins. */
  readonly prepare: (other: Resident) => unknown;
  /** Whether the call that came after a failure left the node as it should be. */
  readonly isMended: (other: Resident) => Promise<boolean>;
}

describe.concurrent(
  "each conversation with the kernel fails, with one error after the other",
  () => {
    it(
      "of ADD: the error's own code, and the next ADD repairs",
      async () => {
        using site = faultSite(1);
        const pod = site.pods[0]!;
        const failed = await failConversations(site, {
          call: { command: "ADD", pod },
          prepare: (other) => other.call({ command: ["teardown"] }),
          isMended: async (other) =>
            (await other.call({ command: "CHECK", pod })).exitCode === 0,
        });
        expect(failed).toBeGreaterThan(200);
      },
      LIMIT_MS,
    );

    it(
      "of DEL: success, and the next DEL takes away the rest",
      async () => {
        using site = faultSite(1);
        const pod = site.pods[0]!;
        const failed = await failConversations(site, {
          call: { command: "DEL", pod },
          prepare: (other) => other.call({ command: "ADD", pod }),
          isMended: () => Promise.resolve(isWithoutPods(site)),
        });
        expect(failed).toBeGreaterThan(30);
      },
      LIMIT_MS,
    );

    it(
      "of GC: the error's own code, and the next GC takes away the rest",
      async () => {
        using site = faultSite(1);
        const pod = site.pods[0]!;
        const failed = await failConversations(site, {
          call: { command: "GC", config: { "cni.dev/valid-attachments": [] } },
          prepare: (other) => other.call({ command: "ADD", pod }),
          isMended: () => Promise.resolve(isWithoutPods(site)),
        });
        expect(failed).toBeGreaterThan(30);
      },
      LIMIT_MS,
    );
  },
);

/** The node's own routes stay. */
function isWithoutPods(site: FaultSite): boolean {
  const { device } = site.pods[0]!;
  const shown = inNode(
    site,
    `ip -oneline link
     ip route show dev ${device} proto 88
     ip -6 route show dev ${device} proto 88`,
  );
  return !/alias|10\.0\.0\.2|proto 88|fd0a/.test(shown);
}

describe("each system call of the binary that has to do with files fails, with one error after the other", () => {
  it(
    "of ADD: the error's own code, and the next ADD repairs",
    async () => {
      using site = faultSite(1);
      using resident = openResident(site);
      const pod = site.pods[0]!;
      const call = { command: "ADD", pod, config: { logFile: undefined } };
      const all = (await momentsOf(site, call)).filter(({ systemCall }) =>
        OF_FILES.has(systemCall),
      );
      // One statement writes all lines of the log: each error once is enough.
      const moments = [
        ...all.filter(({ logs }) => !logs),
        ...all.filter(({ logs }) => logs).slice(0, ERRORS.length),
      ];
      const wanted = nodeState(site);
      const wrong: unknown[] = [];
      let failed = 0;
      for (const [index, moment] of moments.entries()) {
        clearNode(site);
        const errno = ERRORS[index % ERRORS.length]!;
        const fault = `error=${errno}`;
        const ended = await callStruck(site, call, { ...moment, fault });
        if (ended === undefined) continue;
        failed++;
        const right = isOrderly(ended)
          ? // A file that cannot be read is I/O, whatever the reason.
            ended.exitCode === 0 ||
            [CODES[errno], 5].includes(ended.answer!.code!)
          : ended.exitCode === 1 &&
            ended.stderr.includes(`Cannot write to stdout: ${errno}`);
        const again = await resident.call(call);
        const mended = isSame(nodeState(site), wanted);
        if (!right || !mended || again.exitCode !== 0)
          wrong.push({ moment, errno, ended, again });
      }
      count("failing file system calls of ADD", failed, wrong.length);
      expect(wrong).toEqual([]);
      expect(failed).toBeGreaterThan(70);
    },
    LIMIT_MS,
  );
});

/** What has to do with files. What the addon does with netlink fails above, with each error. */
const OF_FILES = new Set([
  ...["openat", "mkdir", "write", "flock"],
  ...["getdents64", "statx", "read"],
]);

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Returns how many conversations failed. */
async function failConversations(
  site: FaultSite,
  { call, prepare, isMended }: Failing,
): Promise<number> {
  using resident = openResident(site);
  using other = openResident(site);
  await other.call({ command: ["apply"] });
  await prepare(other);
  const { systemCalls, exitCode } = await resident.call(call);
  expect(exitCode).toBe(0);
  const wanted = nodeState(site);
  const wrong: unknown[] = [];
  const trials = systemCalls.flatMap((systemCall, index) =>
    inTurn(index).map((errno) => ({ systemCall, nth: index + 1, errno })),
  );
  for (const { systemCall, nth, errno } of trials) {
    await prepare(other);
    const failure = { nth, errno: constants.errno[errno] };
    const ended = await resident.call({ ...call, failure });
    const again = await resident.call(call);
    const right = isRight(call, errno, ended) && again.exitCode === 0;
    if (!right || !(await isMended(other)))
      wrong.push({ systemCall, nth, errno, ended, again });
  }
  const name = String(call.command);
  count(`failing conversations of ${name}`, trials.length, wrong.length);
  expect(wrong).toEqual([]);
  expect(nodeState(site)).toEqual(wanted);
  return trials.length;
}

/** Two of the seven errors a conversation, in rotation: code that tells them apart is the same for all conversations. */
function inTurn(index: number): Errno[] {
  return ERRORS.filter((_, place) => (place + index) % ERRORS.length < 2);
}

/** The error's own code, or success in spite of it; DEL always succeeds, so that the pod's address is freed. */
function isRight(
  { command }: BinaryCall,
  errno: Errno,
  { exitCode, answer }: ResidentEnded,
): boolean {
  if (exitCode === 0) return true;
  return command !== "DEL" && answer?.code === CODES[errno];
}
