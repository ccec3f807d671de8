import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { buildAddon } from "../../../.build/addon.ts";
import { lockFile, unlockFile } from "../../../native/lock.ts";
import { decodeMessages, encodeMessage } from "../../../native/message.ts";
import { openConversation, openTransport } from "../../../native/socket.ts";
import { readSysctl, writeSysctl } from "../../../native/sysctl.ts";
import { binding } from "../../support/binding.ts";
import { namespace } from "../../support/namespace.ts";

const {
  EAGAIN,
  EBADF,
  EINVAL,
  ENAMETOOLONG,
  ENOENT,
  EPROTONOSUPPORT,
  ETIMEDOUT,
} = constants.errno;
const ownNamespace = (): string => readlinkSync("/proc/thread-self/ns/net");
const getLinks = {
  operation: "RTM_GETLINK",
  type: 18,
  body: new Uint8Array(16),
};

/** RTM_GETLINK of one device: an answer of about 1 KiB. */
const getLoopback = (sequence: number): Uint8Array => {
  const body = new Uint8Array(16);
  body[4] = 1;
  return encodeMessage({ type: 18, flags: 1, sequence, portId: 0, body });
};

describe("open()", () => {
  it("opens the socket in the namespace, and leaves the thread at home", () => {
    using inside = namespace();
    inside.exec(
      "ip",
      "link",
      "add",
      "only-here",
      "type",
      "veth",
      "peer",
      "name",
      "other-end",
    );
    const home = ownNamespace();
    const conversation = openConversation(binding, 0, { netns: inside.fd });
    expect(ownNamespace()).toBe(home);
    const names = conversation
      .dump(getLinks)
      .map(({ body }) => Buffer.from(body).toString("latin1"));
    conversation.close();
    expect(names.some((text) => text.includes("only-here"))).toBe(true);
  });

  it("comes home when the socket cannot be opened", () => {
    using inside = namespace();
    const home = ownNamespace();
    expect(binding.open(9999, inside.fd)).toBe(-EPROTONOSUPPORT);
    expect(ownNamespace()).toBe(home);
  });

  it("refuses a descriptor that is no network namespace, and one that is closed", () => {
    const file = openSync("/dev/null", "r");
    expect(binding.open(0, file)).toBe(-EINVAL);
    closeSync(file);
    expect(binding.open(0, file)).toBe(-EBADF);
  });

  it("gives each socket a port id of its own", () => {
    using inside = namespace();
    const sockets = Array.from({ length: 3 }, () =>
      openTransport(binding, 0, inside.fd),
    );
    expect(new Set(sockets.map(({ portId }) => portId)).size).toBe(3);
    for (const socket of sockets) {
      expect(socket.portId).toBeGreaterThan(0);
      socket.close();
    }
  });
});

describe("makeNamespace()", () => {
  it("makes an empty namespace that goes with its descriptor", () => {
    const home = ownNamespace();
    const fd = binding.makeNamespace();
    expect(ownNamespace()).toBe(home);
    expect(readlinkSync(`/proc/self/fd/${fd}`)).not.toBe(home);
    const conversation = openConversation(binding, 0, { netns: fd });
    expect(conversation.dump(getLinks).length).toBeGreaterThan(0);
    conversation.close();
    expect(binding.close(fd)).toBe(0);
  });
});

describe("receive()", () => {
  it("keeps a datagram that is larger than the buffer", () => {
    using inside = namespace();
    const socket = openTransport(binding, 0, inside.fd);
    socket.send(getLoopback(7));
    const length = socket.receive(new Uint8Array(16), 1000);
    expect(length).toBeGreaterThan(16);
    const buffer = new Uint8Array(length);
    expect(socket.receive(buffer, 1000)).toBe(length);
    expect(decodeMessages(buffer)[0]?.sequence).toBe(7);
    socket.close();
  });

  it("answers at once when it must not wait, and after the time when it may", () => {
    using inside = namespace();
    const socket = openTransport(binding, 0, inside.fd);
    expect(socket.receive(new Uint8Array(64), 0)).toBe(-ETIMEDOUT);
    expect(socket.receive(new Uint8Array(64), 20)).toBe(-ETIMEDOUT);
    socket.close();
  });

  it("drops what another process sends, and takes the kernel's answer after it", () => {
    using inside = namespace();
    // Multicast and user-to-user messages are open to anybody on NETLINK_USERSOCK.
    const [ours, theirs] = [
      openTransport(binding, 2, inside.fd),
      openTransport(binding, 2, inside.fd),
    ];
    sendTo(inside.name, ours.portId);
    expect(ours.receive(new Uint8Array(4096), 100)).toBe(-ETIMEDOUT);
    ours.close();
    theirs.close();
  });

  it("sees notifications of the groups that it joined", () => {
    using inside = namespace();
    const socket = openTransport(binding, 0, inside.fd);
    const RTNLGRP_LINK = 1;
    expect(binding.addMembership(socket.fd, RTNLGRP_LINK)).toBe(0);
    inside.exec(
      "ip",
      "link",
      "add",
      "new0",
      "type",
      "veth",
      "peer",
      "name",
      "new1",
    );
    const buffer = new Uint8Array(65536);
    const length = socket.receive(buffer, 1000);
    const [message] = decodeMessages(buffer.subarray(0, Math.max(0, length)));
    expect(message).toMatchObject({
      type: 16,
      portId: expect.any(Number) as number,
    });
    socket.close();
  });

  it("is interrupted by nothing but its time", async () => {
    // A signal every 5 ms would end a receive that does not go on after EINTR.
    const child = spawn(process.execPath, ["-e", INTERRUPTED], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    await once(child.stdout, "data");
    const timer = setInterval(() => child.kill("SIGUSR2"), 5);
    await once(child, "close");
    clearInterval(timer);
    expect(Buffer.concat(output).toString()).toBe(`ready ${-ETIMEDOUT}`);
  });
});

const addon = join(import.meta.dirname, "../../../native/build/netlink.node");
const INTERRUPTED = `
  process.on("SIGUSR2", () => {});
  const loaded = { exports: {} };
  process.dlopen(loaded, ${JSON.stringify(addon)});
  const fd = loaded.exports.open(0, -1);
  process.stdout.write("ready ");
  process.stdout.write(String(loaded.exports.receive(fd, new Uint8Array(16), 300)));`;

/** Sends a datagram to another socket of the namespace, as any process could. Node has no such socket: Python has. */
function sendTo(name: string, portId: number): void {
  const script = `import socket; s = socket.socket(16, 3, 2); s.bind((0, 0)); s.sendto(bytes(32), (${portId}, 0))`;
  execFileSync("ip", ["netns", "exec", name, "/usr/bin/python3", "-c", script]);
}

describe("every function", () => {
  it("answers wrong arguments with -EINVAL", () => {
    const loose = binding as unknown as Record<
      string,
      (...args: unknown[]) => number
    >;
    const wrong: [string, unknown[]][] = [
      ["open", []],
      ["open", ["0", -1]],
      ["close", [null]],
      ["send", [1, "text"]],
      ["send", [1, new Uint16Array(4)]],
      ["send", [1, new ArrayBuffer(4)]],
      ["receive", [1, new Uint8Array(4)]],
      ["portId", [{}]],
      ["addMembership", [1]],
      ["flock", ["/"]],
      ["readSysctl", [-1, 7, new Uint8Array(4)]],
      ["writeSysctl", [-1, "net/x"]],
    ];
    for (const [name, args] of wrong)
      expect(loose[name]?.(...args), name).toBe(-EINVAL);
  });

  it("answers a closed descriptor with -EBADF", () => {
    const fd = openSync("/dev/null", "r");
    closeSync(fd);
    expect(binding.close(fd)).toBe(-EBADF);
    expect(binding.send(fd, new Uint8Array(16))).toBe(-EBADF);
    expect(binding.receive(fd, new Uint8Array(16), 0)).toBe(-EBADF);
    expect(binding.portId(fd)).toBe(-EBADF);
    expect(binding.flock(fd, 2)).toBe(-EBADF);
  });

  it("works in a worker thread, whose namespace stays its own too", async () => {
    using inside = namespace();
    const code = `
      const { parentPort } = require("node:worker_threads");
      const { readlinkSync } = require("node:fs");
      const loaded = { exports: {} };
      process.dlopen(loaded, ${JSON.stringify(addon)});
      const before = readlinkSync("/proc/thread-self/ns/net");
      const fd = loaded.exports.open(0, ${inside.fd});
      parentPort.postMessage([fd >= 0, before === readlinkSync("/proc/thread-self/ns/net")]);`;
    const worker = new Worker(code, { eval: true });
    const [message] = (await once(worker, "message")) as [unknown];
    expect(message).toEqual([true, true]);
    await worker.terminate();
  });
});

describe("readSysctl() and writeSysctl()", () => {
  it("see the namespace that is named, and no other", () => {
    using one = namespace();
    using two = namespace();
    const home = ownNamespace();
    writeSysctl(binding, "net/ipv4/ip_forward", "1", { netns: one.fd });
    expect(readSysctl(binding, "net/ipv4/ip_forward", { netns: one.fd })).toBe(
      "1",
    );
    expect(readSysctl(binding, "net/ipv4/ip_forward", { netns: two.fd })).toBe(
      "0",
    );
    expect(one.exec("cat", "/proc/sys/net/ipv4/ip_forward")).toBe("1\n");
    expect(ownNamespace()).toBe(home);
  });

  it("do not know settings of devices that are gone", () => {
    using inside = namespace();
    const path = "net/ipv4/conf/gone0/proxy_arp";
    expect(readSysctl(binding, path, { netns: inside.fd })).toBeUndefined();
    expect(() => {
      writeSysctl(binding, path, "1", { netns: inside.fd });
    }).toThrow("ENOENT");
  });

  it("refuse what the kernel refuses", () => {
    using inside = namespace();
    expect(() => {
      writeSysctl(binding, "net/ipv4/ip_forward", "maybe", {
        netns: inside.fd,
      });
    }).toThrow(
      'Cannot set sysctl "net/ipv4/ip_forward" to "maybe": write: EINVAL',
    );
  });

  it.each([
    ["another tree", "kernel/hostname", EINVAL],
    ["a way out", "net/../kernel/hostname", EINVAL],
    ["an absolute path", "/proc/sys/net/ipv4/ip_forward", EINVAL],
    ["a hidden end", "net/ipv4/ip_forward\0x", EINVAL],
    ["nothing", "", EINVAL],
    ["the folder", "net", EINVAL],
    ["what is too long", `net/${"x".repeat(5000)}`, ENAMETOOLONG],
    ["what is not there", "net/none", ENOENT],
  ])("keep to /proc/sys/net and refuse %s", (_, path, errno) => {
    expect(binding.readSysctl(-1, path, new Uint8Array(64))).toBe(-errno);
    expect(binding.writeSysctl(-1, path, Uint8Array.of(0x31))).toBe(-errno);
  });
});

describe("lockFile()", () => {
  it("excludes another open file until it is given back", () => {
    const folder = mkdtempSync(join(tmpdir(), "clt-lock-"));
    const open = (): number => openSync(join(folder, "lock"), "w");
    const [one, two] = [open(), open()];
    expect(lockFile(binding, one, { wait: true })).toBe(true);
    expect(lockFile(binding, two, { wait: false })).toBe(false);
    expect(binding.flock(two, 2 | 4)).toBe(-EAGAIN);
    unlockFile(binding, one);
    expect(lockFile(binding, two, { wait: false })).toBe(true);
    closeSync(two);
    expect(lockFile(binding, one, { wait: false })).toBe(true);
    closeSync(one);
    rmSync(folder, { recursive: true });
  });
});

it("releaseFreed() gives back what lies before something that is in use", () => {
  const script = `
    const binding = require(process.argv[1]);
    let buffers = Array.from({ length: 20_000 }, () => Buffer.allocUnsafeSlow(4000).fill(1));
    const last = buffers.at(-1);
    buffers = undefined;
    setImmediate(() => {
      gc();
      // Buffers are freed by a thread of V8's, which the next collection waits for.
      gc();
      const before = process.memoryUsage.rss();
      const result = binding.releaseFreed();
      console.log(JSON.stringify([result, before - process.memoryUsage.rss(), last.length]));
    });`;
  const output = execFileSync(
    process.execPath,
    ["--expose-gc", "-e", script, buildAddon()],
    { encoding: "utf8" },
  );
  const [result, released] = JSON.parse(output) as number[];
  expect(result).toBe(0);
  expect(released).toBeGreaterThan(60e6);
});
