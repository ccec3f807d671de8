import { execFileSync, spawnSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  addressesOf,
  type Answer,
  type Call,
  callHandlers,
  crosslinkIpam,
  temporary,
} from "../../support/ipam/call.ts";
import { playApart } from "../../support/ipam/session.ts";
import { readStore, reservations } from "../../support/ipam/store.ts";
import { cniEnvironment } from "../../support/binary.ts";

function callFor(dataDir: string, command: Call["command"], id = ""): Call {
  const ipam = { type: "crosslink-ipam", dataDir, subnet: "10.1.2.0/24" };
  return { command, id, config: { cniVersion: "1.1.0", name: "podnet", ipam } };
}

/** A store with an empty network's folder. */
function network() {
  const store = temporary();
  const directory = join(store.path, "podnet");
  mkdirSync(directory);
  return {
    store: store.path,
    directory,
    call: (command: Call["command"], id = ""): Answer =>
      callHandlers(callFor(store.path, command, id)),
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
    },
  };
}

const DISK_FULL = {
  code: 5,
  details: expect.stringContaining("The disk is full") as string,
};

describe("a full disk", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "changes nothing with %i inodes left, or everything",
    (left) => {
      using folder = temporary();
      const call = (command: Call["command"], id: string): Call =>
        callFor(folder.path, command, id);
      // The tmpfs' own root is an inode, the network's folder, the lock and a's two files are others
      const mount = `mount -t tmpfs -o nr_inodes=${left + 2} none ${folder.path}`;
      const outcomes = playApart(mount, join(folder.path, "podnet"), [
        `mkdir ${folder.path}/podnet`,
        ...["a", "b", "c", "d"].map((id) => call("ADD", id)),
        call("STATUS", ""),
        call("DEL", "a"),
      ]);
      const adds = outcomes.slice(1, 5);
      const befores = outcomes.map(({ files }) => ({ lock: "", ...files }));
      for (const [i, { answer, files }] of adds.entries()) {
        if (answer.code === 0) {
          expect(Object.keys(files)).toContain(addressesOf(answer)[0]);
        } else {
          expect(answer.output).toMatchObject(DISK_FULL);
          expect({ lock: "", ...files }).toEqual(befores[i]);
        }
      }
      const last = adds.at(-1)?.answer;
      expect(last!.code).toBe(1);
      const [status, del] = outcomes.slice(5);
      expect(status!.answer.output).toMatchObject({ code: 50 });
      expect(Object.keys(del?.files ?? {})).not.toContain("10.1.2.2");
    },
  );

  it("changes nothing where there is no room for data", () => {
    using folder = temporary();
    const mount = `mount -t tmpfs -o size=16k none ${folder.path}`;
    const outcomes = playApart(mount, join(folder.path, "podnet"), [
      callFor(folder.path, "ADD", "a"),
      `head -c 1000000 /dev/zero > ${folder.path}/ballast 2> /dev/null || true`,
      callFor(folder.path, "ADD", "b"),
      callFor(folder.path, "STATUS"),
      callFor(folder.path, "CHECK", "a"),
      callFor(folder.path, "DEL", "a"),
    ]);
    const [first, , second] = outcomes;
    expect(second!.answer.output).toMatchObject(DISK_FULL);
    expect(second?.files).toEqual(first?.files);
    const later = outcomes.slice(3).map(({ answer }) => answer.code);
    expect(later).toEqual([1, 0, 0]);
    expect(Object.keys(outcomes.at(-1)?.files ?? {})).toEqual([
      "last_reserved_ip.0",
      "lock",
    ]);
  });
});

describe("a read-only store", () => {
  it("is told, and can still be checked", () => {
    using folder = temporary();
    const outcomes = playApart(
      `mount -t tmpfs none ${folder.path}`,
      join(folder.path, "podnet"),
      [
        callFor(folder.path, "ADD", "a"),
        `mount -o remount,ro ${folder.path}`,
        callFor(folder.path, "ADD", "b"),
        callFor(folder.path, "DEL", "a"),
        callFor(folder.path, "STATUS"),
        callFor(folder.path, "CHECK", "a"),
      ],
    );
    const [, , add, del, status, check] = outcomes.map(({ answer }) => answer);
    for (const answer of [add, del]) {
      expect(answer!.output).toMatchObject({
        code: 5,
        details: expect.stringContaining("mounted read-only") as string,
      });
    }
    expect(status!.output).toMatchObject({
      code: 50,
      msg: expect.stringContaining("EROFS") as string,
    });
    expect(check).toEqual({ code: 0 });
    expect(outcomes.at(-1)?.files).toEqual(outcomes[0]?.files);
  });
});

describe("a disk that fails", () => {
  it.each([
    ["fsync", "EIO"],
    ["rename", "ENOSPC"],
    ["link", "EIO"],
    ["write", "EDQUOT"],
  ])(
    "gives no address, and keeps none, when %s fails with %s",
    (systemCall, errno) => {
      using net = network();
      const before = readStore(net.directory);
      const [file, ...args] = crosslinkIpam();
      const call = callFor(net.store, "ADD", "a");
      const names = ["", ".crosslink-draft", "10.1.2.2", "last_reserved_ip.0"];
      const paths = names.flatMap((name) => ["-P", join(net.directory, name)]);
      const fault = `inject=${systemCall}:error=${errno}:when=1`;
      const { stdout } = spawnSync(
        "strace",
        ["-f", "-qqq", "-o", "/dev/null", ...paths, "-e", fault, file, ...args],
        {
          env: cniEnvironment("ADD"),
          input: JSON.stringify(call.config),
          encoding: "utf8",
        },
      );
      expect(JSON.parse(stdout)).toMatchObject({
        code: 5,
        msg: expect.stringContaining(errno) as string,
      });
      const {
        lock: _,
        "last_reserved_ip.0": __,
        ...left
      } = readStore(net.directory);
      expect(left).toEqual(before);
    },
  );
});

describe("what doesn't belong in a store", () => {
  it("is not followed out of it: a network's folder that is a link", () => {
    using net = network();
    using elsewhere = temporary();
    execFileSync("rmdir", [net.directory]);
    symlinkSync(elsewhere.path, net.directory);
    for (const command of ["ADD", "DEL", "CHECK"] as const) {
      expect(net.call(command, "a").output).toMatchObject({
        code: 5,
        msg: expect.stringContaining("which is outside of the store") as string,
      });
    }
    expect(readdirSync(elsewhere.path)).toEqual([]);
  });

  it("works over a link to the folder of all networks", () => {
    using net = network();
    using elsewhere = temporary();
    const link = join(elsewhere.path, "networks");
    symlinkSync(net.store, link);
    expect(addressesOf(callHandlers(callFor(link, "ADD", "a")))).toEqual([
      "10.1.2.2",
    ]);
    expect(reservations(net.directory)).toEqual({ "10.1.2.2": "a\r\neth0" });
  });

  it.each(["lock", "last_reserved_ip.0"])(
    "is not followed out of it: %s",
    (name) => {
      using net = network();
      const target = join(net.store, "target");
      writeFileSync(target, "precious");
      symlinkSync(target, join(net.directory, name));
      expect(net.call("ADD", "a").output).toMatchObject({ code: 5 });
      expect(readFileSync(target, "utf8")).toBe("precious");
      expect(reservations(net.directory)).toEqual({});
      expect(lstatSync(join(net.directory, name)).isSymbolicLink()).toBe(true);
    },
  );

  it("is nobody's address: links, folders, FIFOs and other programs' files", () => {
    using net = network();
    const path = (name: string): string => join(net.directory, name);
    writeFileSync(join(net.store, "target"), "a\r\neth0");
    symlinkSync(join(net.store, "target"), path("10.1.2.2"));
    symlinkSync("/nowhere", path("10.1.2.3"));
    mkdirSync(path("10.1.2.4"));
    execFileSync("mkfifo", [path("10.1.2.5")]);
    writeFileSync(path("10.1.2.6"), Buffer.alloc(200_000, "a"));
    writeFileSync(path("10.1.2.7"), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    mkdirSync(path("deeper"));
    writeFileSync(path("deeper/10.1.2.8"), "a\r\neth0");
    const before = readdirSync(net.directory);
    expect(net.call("CHECK", "a").output?.code).toBe(103);
    expect(addressesOf(net.call("ADD", "a"))).toEqual(["10.1.2.8"]);
    expect(net.call("DEL", "a")).toEqual({ code: 0 });
    const gc = callFor(net.store, "GC");
    callHandlers({
      ...gc,
      config: { ...gc.config, "cni.dev/valid-attachments": [] },
    });
    expect(
      readdirSync(net.directory).filter(
        (name) => !/^(lock|last_.*)$/.test(name),
      ),
    ).toEqual(before);
    expect(readdirSync(path("deeper"))).toEqual(["10.1.2.8"]);
  });

  it("is told: a folder in a file's place, a file in a folder's", () => {
    using net = network();
    mkdirSync(join(net.directory, "last_reserved_ip.0"));
    expect(net.call("ADD", "a").output).toMatchObject({
      code: 5,
      msg: expect.stringContaining("not a regular file") as string,
    });
    expect(reservations(net.directory)).toEqual({});
    const call = callFor(join(net.store, "file"), "ADD", "a");
    writeFileSync(join(net.store, "file"), "");
    expect(callHandlers(call).output).toMatchObject({
      code: 5,
      msg: expect.stringContaining("ENOTDIR") as string,
    });
  });

  it("is cleared away: what a killed process was about to link", () => {
    using net = network();
    writeFileSync(join(net.directory, ".crosslink-draft"), "x\r\neth0");
    net.call("ADD", "a");
    expect(Object.keys(readStore(net.directory))).toEqual([
      "10.1.2.2",
      "last_reserved_ip.0",
      "lock",
    ]);
  });
});
