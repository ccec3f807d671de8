import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { HEAP_FLAGS } from "../../../.build/binary.ts";
import {
  callBinary,
  isOrderly,
  requireBinary,
} from "../../support/faults/call.ts";
import { count, crowd } from "../../support/faults/crowd.ts";
import type { FuzzReport } from "../../support/fuzz/fuzz.ts";
import { dice, mutate } from "../../support/fuzz/mutate.ts";
import {
  configuration,
  encryptedCluster,
  faultSite,
  type FaultSite,
  plainNetwork,
} from "../../support/faults/site.ts";

/** Node's own heap and stacks, and what a call may need on top of them. */
const MOST_MEGABYTES = 200;

/** A call of over 2 s is reported by the run itself; this ends one that never returns. */
const LIMIT_MS = 300_000;

const INPUTS = {
  stdin: 3000,
  environment: 3000,
  clusters: 2000,
  slices: 1000,
  keyring: 1000,
  netlink: 1000,
};

const BINARY_INPUTS = 50;

describe.concurrent("mutated inputs, guided by coverage, in process", () => {
  it.each(Object.entries(INPUTS))(
    "of %s: no crash, no hang, no fault, and nothing but CNI objects",
    async (target, inputs) => {
      // The keyring is read only where an encrypted peer exists.
      const remote = target === "keyring" ? encryptedCluster : plainNetwork;
      using site = faultSite(1, remote);
      const report = await fuzz(site, target, inputs);
      const { kept, slowestMs, memoryMegabytes, codes, lost } = report;
      count(
        `inputs of ${target} (${kept} kept, slowest ${slowestMs} ms, ${memoryMegabytes} MB, codes ${JSON.stringify(codes)})`,
        report.inputs,
        lost.length,
      );
      expect(lost).toEqual([]);
      expect(memoryMegabytes).toBeLessThan(MOST_MEGABYTES);
    },
    LIMIT_MS,
  );
});

describe("mutated inputs, to the built binary", () => {
  beforeAll(requireBinary);

  it(`of stdin: orderly, within ${MOST_MEGABYTES} MB`, async () => {
    using site = faultSite(1);
    const pod = site.pods[0]!;
    const base = configuration(site, pod, { logFile: undefined });
    const tools = dice(1);
    const inputs = Array.from({ length: BINARY_INPUTS }, () =>
      mutate(Buffer.from(JSON.stringify(base)), tools),
    );
    const ended = await crowd(inputs, 2, (config) =>
      callBinary(site, { command: "ADD", pod, config, watched: true }),
    );
    const peak = Math.round(Math.max(...ended.map((one) => one.peakMegabytes)));
    const lost = ended.filter(
      (one) =>
        !isOrderly(one) ||
        one.answer?.code === 100 ||
        one.peakMegabytes > MOST_MEGABYTES,
    );
    count(
      `inputs of the binary (${peak} MB at most)`,
      ended.length,
      lost.length,
    );
    expect(lost).toEqual([]);
    expect(peak).toBeGreaterThan(20);
  }, 120_000);
});

function fuzz(
  site: FaultSite,
  target: string,
  inputs: number,
): Promise<FuzzReport> {
  const { folder, clustersDir, keyring, pods, inside } = site;
  const [nsenter, ...where] = inside;
  const script = join(import.meta.dirname, "../../support/fuzz/fuzz.ts");
  const fuzzed = { folder, clustersDir, keyring, pod: pods[0] };
  const words = [target, `${inputs}`, JSON.stringify(fuzzed)];
  const heap = [...HEAP_FLAGS, "--max-old-space-size=96"];
  return new Promise((resolve, reject) => {
    execFile(
      nsenter!,
      [...where, process.execPath, ...heap, script, ...words],
      { timeout: LIMIT_MS - 10_000, maxBuffer: 1 << 26 },
      (error, stdout) => {
        if (error === null) {
          resolve(JSON.parse(stdout) as FuzzReport);
          return;
        }
        const input = readFileSync(join(folder, "input"), "base64");
        reject(new Error(`Input ${input} broke it`, { cause: error }));
      },
    );
  });
}
