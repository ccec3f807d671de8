import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  addressesOf,
  type Call,
  callHandlers,
  callProgram,
  crosslinkIpam,
  hostLocal,
  temporary,
} from "../../support/ipam/call.ts";
import { killEverywhere } from "../../support/ipam/killer.ts";
import { readStore } from "../../support/ipam/store.ts";

const HELD_BY_OTHER = {
  "10.1.2.2": "other\r\neth0",
  "last_reserved_ip.0": "10.1.2.2",
  lock: "",
};

function callFor(dataDir: string, command: Call["command"], id = ""): Call {
  const ipam = { type: "crosslink-ipam", dataDir, subnet: "10.1.2.0/24" };
  const config = {
    cniVersion: "1.1.0",
    name: "podnet",
    ipam,
    "cni.dev/valid-attachments": [{ containerID: "other", ifname: "eth0" }],
  };
  return { command, id, config };
}

/** Kills a command at each of its system calls in a store; `look` sees what is left each time. Returns how often. */
function killDuring(
  command: Call["command"],
  prepare: (dataDir: string) => void,
  look: (dataDir: string, files: Readonly<Record<string, string>>) => void,
): number {
  using store = temporary();
  const directory = join(store.path, "podnet");
  const names = [
    "lock",
    ".crosslink-draft",
    "10.1.2.2",
    "10.1.2.3",
    "last_reserved_ip.0",
  ];
  const paths = [directory, ...names.map((name) => join(directory, name))];
  return killEverywhere(
    crosslinkIpam(),
    () => {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      for (const [name, content] of Object.entries(HELD_BY_OTHER))
        writeFileSync(join(directory, name), content);
      prepare(store.path);
      return { call: callFor(store.path, command, "c"), paths };
    },
    () => {
      look(store.path, readStore(directory));
    },
  );
}

describe("kill -9 at each system call in the store", () => {
  it("of ADD: leaks at most one reservation, whole, which the next DEL frees", () => {
    const kills = killDuring(
      "ADD",
      () => undefined,
      (dataDir, files) => {
        expect(files["10.1.2.2"]).toBe("other\r\neth0");
        expect(["c\r\neth0", undefined]).toContain(files["10.1.2.3"]);
        expect(["10.1.2.2", "10.1.2.3"]).toContain(files["last_reserved_ip.0"]);
        expect(callHandlers(callFor(dataDir, "DEL", "c"))).toEqual({ code: 0 });
        const { "last_reserved_ip.0": _, ...left } = readStore(
          join(dataDir, "podnet"),
        );
        expect(left).toEqual({ "10.1.2.2": "other\r\neth0", lock: "" });
      },
    );
    expect(kills).toBeGreaterThan(25);
  }, 480_000);

  it("of ADD: GC frees what it leaked, and host-local goes on", () => {
    killDuring(
      "ADD",
      () => undefined,
      (dataDir) => {
        const theirs = callProgram(hostLocal, {
          ...callFor(dataDir, "ADD", "d"),
          config: { ...callFor(dataDir, "ADD").config, cniVersion: "1.0.0" },
        });
        expect(["10.1.2.3", "10.1.2.4"]).toContain(addressesOf(theirs)[0]);
        expect(callHandlers(callFor(dataDir, "GC"))).toEqual({ code: 0 });
        const { "last_reserved_ip.0": _, ...left } = readStore(
          join(dataDir, "podnet"),
        );
        expect(left).toEqual({ "10.1.2.2": "other\r\neth0", lock: "" });
      },
    );
  }, 480_000);

  it("of DEL: the same again frees what is left, and nothing else", () => {
    const kills = killDuring(
      "DEL",
      (dataDir) => {
        callHandlers(callFor(dataDir, "ADD", "c"));
      },
      (dataDir) => {
        expect(callHandlers(callFor(dataDir, "DEL", "c"))).toEqual({ code: 0 });
        const { "last_reserved_ip.0": _, ...left } = readStore(
          join(dataDir, "podnet"),
        );
        expect(left).toEqual({ "10.1.2.2": "other\r\neth0", lock: "" });
      },
    );
    expect(kills).toBeGreaterThan(15);
  }, 480_000);
});
