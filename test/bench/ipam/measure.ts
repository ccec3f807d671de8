/** What an address costs, crosslink-ipam beside host-local, in stores that grow crowded; and what comes of many at once. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Call,
  callProgram,
  crosslinkIpam,
  hostLocal,
  type Program,
  startProgram,
  temporary,
} from "../../support/ipam/call.ts";
import { reservations } from "../../support/ipam/store.ts";
import { type Summary, summarize } from "../statistics.ts";

/** One program at one store, in milliseconds. */
export interface IpamRow {
  readonly program: string;
  readonly taken: number;
  /** The first ADD after something else wrote the store: crosslink-ipam makes its ledger then. */
  readonly firstAdd: number;
  readonly add: Summary;
  readonly check: Summary;
  readonly del: Summary;
}

/** Many ADDs at once: how long all of them took, in milliseconds, and how many different addresses came of them. */
export interface Rush {
  readonly program: string;
  readonly adds: number;
  readonly processes: number;
  readonly milliseconds: number;
  readonly addresses: number;
}

const PROGRAMS: readonly (readonly [string, Program])[] = [
  ["crosslink-ipam", crosslinkIpam()],
  ["host-local", hostLocal],
];

/** Measures ADD, CHECK and DEL with so many addresses taken, the programs taking turns. */
export function measureIpam(taken: number, rounds: number): IpamRow[] {
  using folder = temporary();
  const lanes = PROGRAMS.map(([name, program]) => {
    const dataDir = join(folder.path, name);
    crowd(join(dataDir, "bench"), taken);
    const time = (command: Call["command"], id: string): number =>
      timeCall(program, callFor(dataDir, command, id));
    const firstAdd = time("ADD", containerId("first"));
    return {
      name,
      time,
      firstAdd,
      add: [] as number[],
      check: [] as number[],
      del: [] as number[],
    };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { time, add, check, del } of lanes) {
      const id = containerId(`round-${round}`);
      add.push(time("ADD", id));
      check.push(time("CHECK", id));
      // Every second one stays, as pods do
      if (round % 2 === 0) del.push(time("DEL", id));
    }
  }
  return lanes.map(({ name, firstAdd, add, check, del }) => ({
    program: name,
    taken,
    firstAdd,
    add: summarize(add),
    check: summarize(check),
    del: summarize(del),
  }));
}

/** Measures many ADDs by a number of processes at once. */
export async function measureRush(
  adds: number,
  processes: number,
): Promise<Rush[]> {
  const rushes: Rush[] = [];
  for (const [name, program] of PROGRAMS) {
    using folder = temporary();
    const start = performance.now();
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < adds) {
        const call = callFor(folder.path, "ADD", containerId(`rush-${next++}`));
        const { code, output } = await startProgram(program, call);
        if (code !== 0)
          throw new Error(`Cannot add: ${JSON.stringify(output)}`);
      }
    };
    await Promise.all(Array.from({ length: processes }, work));
    const milliseconds = performance.now() - start;
    const addresses = Object.keys(
      reservations(join(folder.path, "bench")),
    ).length;
    rushes.push({ program: name, adds, processes, milliseconds, addresses });
  }
  return rushes;
}

/** A store in which somebody took the first addresses of the network; container IDs are as long as real ones. */
function crowd(directory: string, taken: number): void {
  mkdirSync(directory, { recursive: true });
  for (let i = 0; i < taken; i++) {
    const host = i + 2;
    const path = join(directory, `10.1.${host >> 8}.${host & 255}`);
    writeFileSync(path, `${containerId(`crowd-${i}`)}\r\neth0`);
    if (i === taken - 1) {
      writeFileSync(
        join(directory, "last_reserved_ip.0"),
        `10.1.${host >> 8}.${host & 255}`,
      );
    }
  }
}

function callFor(dataDir: string, command: Call["command"], id: string): Call {
  const ipam = { type: "host-local", dataDir, subnet: "10.1.0.0/16" };
  return { command, id, config: { cniVersion: "1.0.0", name: "bench", ipam } };
}

function timeCall(program: Program, call: Call): number {
  const start = performance.now();
  const { code, output } = callProgram(program, call);
  const milliseconds = performance.now() - start;
  if (code === 0) return milliseconds;
  throw new Error(`Cannot measure ${call.command}: ${JSON.stringify(output)}`);
}

function containerId(seed: string): string {
  return createHash("sha256").update(seed).digest("hex");
}
