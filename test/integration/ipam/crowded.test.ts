import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  addressesOf,
  type Answer,
  type Call,
  callProgram,
  crosslinkIpam,
  hostLocal,
  type Program,
  temporary,
} from "../../support/ipam/call.ts";
import { cniEnvironment } from "../../support/binary.ts";

const TAKEN = 3000;

function containerId(seed: number | string): string {
  return createHash("sha256").update(String(seed)).digest("hex");
}

/** A store with thousands of pods, as host-local left it. */
function crowded() {
  const store = temporary();
  const directory = join(store.path, "podnet");
  mkdirSync(directory);
  for (let i = 2; i < TAKEN + 2; i++) {
    const path = join(directory, `10.1.${i >> 8}.${i & 255}`);
    writeFileSync(path, `${containerId(i)}\r\neth0`);
  }
  const callFor = (command: Call["command"], id: string): Call => {
    const ipam = {
      type: "host-local",
      subnet: "10.1.0.0/16",
      dataDir: store.path,
    };
    return {
      command,
      id,
      config: { cniVersion: "1.0.0", name: "podnet", ipam },
    };
  };
  const call = (
    program: Program,
    command: Call["command"],
    id: string,
  ): Answer => callProgram(program, callFor(command, id));
  return { directory, callFor, call, [Symbol.dispose]: store[Symbol.dispose] };
}

/** How many of a store's files a call opens. */
function filesOpened(
  directory: string,
  [file, ...args]: Program,
  call: Call,
): number {
  using folder = temporary();
  const log = join(folder.path, "strace");
  const { status, stdout } = spawnSync(
    "strace",
    ["-f", "-qqq", "-o", log, "-e", "trace=open,openat", file, ...args],
    {
      env: cniEnvironment(call.command, { containerId: call.id }),
      input: JSON.stringify(call.config),
      encoding: "utf8",
    },
  );
  expect([status, stdout]).toEqual([0, expect.any(String)]);
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.includes(`"${directory}/10.`)).length;
}

describe("a crowded store", () => {
  it("is searched by names: no reservation but the new one is opened", () => {
    using store = crowded();
    const ours = crosslinkIpam();
    // The store was host-local's until now: this once, everything is read
    expect(addressesOf(store.call(ours, "ADD", containerId("first")))).toEqual([
      "10.1.11.186",
    ]);
    const add = store.callFor("ADD", containerId("second"));
    expect(filesOpened(store.directory, ours, add)).toBeLessThanOrEqual(2);
    const del = store.callFor("DEL", containerId("second"));
    expect(filesOpened(store.directory, ours, del)).toBeLessThanOrEqual(2);
    const theirs = store.callFor("ADD", containerId("third"));
    expect(filesOpened(store.directory, hostLocal, theirs)).toBeGreaterThan(
      TAKEN,
    );
  }, 240_000);

  it("needs no reading at all where lengths tell that nobody is the container", () => {
    using store = crowded();
    const add = store.callFor("ADD", "short");
    expect(
      filesOpened(store.directory, crosslinkIpam(), add),
    ).toBeLessThanOrEqual(2);
  }, 240_000);

  it("stays right when host-local works on it in between", () => {
    using store = crowded();
    const programs = [crosslinkIpam(), hostLocal] as const;
    const [ours, theirs] = programs;
    for (const round of [1, 2, 3]) {
      const [mine, yours] = [
        containerId(`mine ${round}`),
        containerId(`yours ${round}`),
      ];
      expect(store.call(ours, "ADD", mine).code).toBe(0);
      expect(store.call(theirs, "ADD", yours).code).toBe(0);
      for (const program of programs) {
        for (const id of [mine, yours]) {
          expect(store.call(program, "ADD", id).code).toBe(1);
          expect(store.call(program, "CHECK", id).code).toBe(0);
        }
      }
      expect(store.call(ours, "DEL", yours).code).toBe(0);
      expect(store.call(theirs, "DEL", mine).code).toBe(0);
      for (const program of programs) {
        for (const id of [mine, yours])
          expect(store.call(program, "CHECK", id).code).toBe(1);
      }
    }
  }, 240_000);
});
