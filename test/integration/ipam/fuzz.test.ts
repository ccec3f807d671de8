import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressInCidr, parseAddress, parseCidr } from "../../../ip/cidr.ts";
import { isAddressName } from "../../../ipam/address.ts";
import {
  addressesOf,
  type Answer,
  callHandlers,
  temporary,
} from "../../support/ipam/call.ts";

/** A whole configuration, which the fuzzer damages. */
const SOUND = {
  cniVersion: "1.1.0",
  name: "podnet",
  ipam: {
    type: "crosslink-ipam",
    subnet: "10.1.2.0/24",
    rangeStart: "10.1.2.9",
    rangeEnd: "10.1.2.200",
    gateway: "10.1.2.1",
    resolvConf: "/etc/hostname",
    ranges: [
      [
        { subnet: "10.1.3.0/24" },
        { subnet: "10.1.4.0/29", gateway: "10.1.4.6" },
      ],
      [{ subnet: "fd00::/64" }],
    ],
    routes: [{ dst: "0.0.0.0/0", gw: "10.1.2.1", mtu: 1400 }],
  },
  args: { cni: { ips: ["10.1.2.77"] } },
  runtimeConfig: {
    ips: ["fd00::77/64"],
    ipRanges: [[{ subnet: "10.1.5.0/24" }]],
  },
  "cni.dev/valid-attachments": [{ containerID: "b", ifname: "eth0" }],
};

const HOSTILE: readonly unknown[] = [
  ...[
    "",
    " ",
    "\0",
    "..",
    "/",
    "/dev/zero",
    "/proc/kmsg",
    "auto",
    "0.0.0.0/0",
    "::/0",
    "::ffff:10.1.2.3",
    "10.1.2.3/24",
  ],
  ...[
    "255.255.255.255/32",
    "10.1.2.0/99999999999999999999",
    "fe80::1%eth0",
    "1e3",
    "__proto__",
    "constructor",
  ],
  ...[
    null,
    true,
    0,
    -1,
    1e308,
    NaN,
    [],
    {},
    [[]],
    [[[[]]]],
    { subnet: {} },
    { __proto__: null, length: 5 },
  ],
  "x".repeat(100_000),
];

const damage = fc.record({
  place: fc.array(fc.nat(20), { maxLength: 6 }),
  value: fc.oneof(fc.constantFrom(...HOSTILE), fc.jsonValue({ maxDepth: 3 })),
  how: fc.constantFrom("replace", "delete", "add"),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

/** Walks down by the numbers in `place`, and changes what is there. */
function damaged(value: unknown, { place, ...rest }: Damage): unknown {
  if (typeof value !== "object" || value === null || place.length === 0)
    return rest.value;
  const keys = Object.keys(value);
  const key = keys[(place[0] ?? 0) % Math.max(keys.length, 1)] ?? "0";
  const copy = (
    Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  ) as Record<string, unknown>;
  if (place.length > 1 || rest.how === "replace")
    copy[key] = damaged(copy[key], { ...rest, place: place.slice(1) });
  else if (rest.how === "delete") Reflect.deleteProperty(copy, key);
  else copy["added"] = rest.value;
  return copy;
}

/** Every subnet that a configuration names, wherever. */
function subnetsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    key.toLowerCase() === "subnet" && typeof item === "string"
      ? [item]
      : subnetsIn(item),
  );
}

/** An answer is a result or an error that somebody thought of, never an exception that nobody did. */
function expectSound(answer: Answer, config: unknown): void {
  expect([0, 1]).toContain(answer.code);
  expect(answer.output?.code).not.toBe(100);
  for (const text of addressesOf(answer)) {
    const { bytes } = parseAddress(text);
    expect(subnetsIn(config).some((subnet) => isIn(bytes, subnet))).toBe(true);
  }
}

function isIn(bytes: Uint8Array, subnet: string): boolean {
  try {
    return addressInCidr(bytes, parseCidr(subnet));
  } catch {
    return false; // not the one that it came from
  }
}

describe("any configuration", () => {
  it("gives an object, and no address out of range", () => {
    let given = 0;
    fc.assert(
      fc.property(
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        fc.constantFrom("ADD", "ADD", "ADD", "DEL", "CHECK", "GC", "STATUS"),
        (damages, command) => {
          using store = temporary();
          const config = damages.reduce<unknown>(damaged, SOUND);
          const answer = callHandlers({
            command,
            id: "c",
            config: inStore(config, store.path),
          });
          expectSound(answer, config);
          given += addressesOf(answer).length;
        },
      ),
      { numRuns: 4000 },
    );
    expect(given).toBeGreaterThan(100);
  }, 240_000);

  it.each([
    ["a NUL character", "\0"],
    ["/proc", "/proc/nowhere"],
    ["/sys", "/sys/nowhere"],
    ["a device", "/dev/null"],
    ["below a device", "/dev/null/x"],
    ["a long name", `/dev/shm/${"x".repeat(300)}`],
    ["a long path", `/dev/null${"/x".repeat(3000)}`],
  ])("gives an object for a store at %s", (_, dataDir) => {
    for (const command of ["ADD", "DEL", "CHECK", "STATUS"] as const) {
      const ipam = { subnet: "10.1.2.0/28", dataDir };
      const config = { ...SOUND, ipam };
      const answer = callHandlers({ command, id: "c", config });
      expect(answer.code).toBe(1);
      expect(answer.output?.code).not.toBe(100);
    }
  });
});

/** Whatever it says, its addresses go to the test's own store. */
function inStore(config: unknown, dataDir: string): object {
  if (typeof config !== "object" || config === null) return config as never;
  const { ipam } = config as { ipam?: unknown };
  if (typeof ipam !== "object" || ipam === null || Array.isArray(ipam))
    return config;
  return { ...config, ipam: { ...ipam, dataDir } };
}

const name = fc.oneof(
  { weight: 5, arbitrary: fc.nat(15).map((n) => `10.1.2.${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "lock",
      "last_reserved_ip.0",
      "last_reserved_ip.1",
      "10.1.2.3~",
      "010.1.2.3",
      "FD00::1",
      "fd00::2",
      ".hidden",
      "-rf",
      "a b\n",
    ),
  },
);

const content = fc.oneof(
  fc.constantFrom(
    "",
    "c",
    "c\r\neth0",
    "c\r\neth0\n",
    "d\r\neth0",
    "c\neth0",
    "10.1.2.9",
    "\0",
    "c\r\neth0\r\n\r\nx",
  ),
  fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes).toString("latin1")),
);

const file = fc.record({
  name,
  content,
  kind: fc.constantFrom("file", "file", "file", "folder", "link", "fifo"),
});

type File = typeof file extends fc.Arbitrary<infer T> ? T : never;

function put(directory: string, { name, content, kind }: File): void {
  const path = join(directory, name);
  if (kind === "file") writeFileSync(path, content, "latin1");
  if (kind === "folder") mkdirSync(path);
  if (kind === "link") symlinkSync("../target", path);
  if (kind === "fifo") execFileSync("mkfifo", ["--", path]);
}

/** What each name is, and says. */
function look(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((entry) => [
      entry,
      describeFile(join(directory, entry)),
    ]),
  );
}

function describeFile(path: string): string {
  const found = lstatSync(path);
  if (found.isFile()) return `file ${readFileSync(path, "latin1")}`;
  return found.isSymbolicLink() ? `link ${readlinkSync(path)}` : "other";
}

/** What DEL of container c may take away. */
const HELD_BY_C = /^file \s*c(\r\neth0)?\s*$/;

describe("any store", () => {
  it("loses nothing that isn't the container's, and gives nothing that is taken", () => {
    const config = { cniVersion: "1.1.0", name: "podnet" };
    fc.assert(
      fc.property(
        fc.uniqueArray(file, { selector: ({ name }) => name, maxLength: 12 }),
        (files) => {
          using store = temporary();
          const directory = join(store.path, "podnet");
          mkdirSync(directory);
          writeFileSync(join(store.path, "target"), "c\r\neth0");
          for (const entry of files) put(directory, entry);
          const ipam = { subnet: "10.1.2.0/28", dataDir: store.path };
          const before = look(directory);
          const ours = ["lock", "last_reserved_ip.0"];

          const added = callHandlers({
            command: "ADD",
            id: "c",
            config: { ...config, ipam },
          });
          expectSound(added, { ipam });
          for (const address of addressesOf(added))
            expect(Object.keys(before)).not.toContain(address);
          const after = look(directory);
          for (const [entry, was] of Object.entries(before))
            if (!ours.includes(entry))
              expect([entry, after[entry]]).toEqual([entry, was]);

          const deleted = callHandlers({
            command: "DEL",
            id: "c",
            config: { ...config, ipam },
          });
          expectSound(deleted, { ipam });
          const left = look(directory);
          for (const [entry, was] of Object.entries(before)) {
            const mayGo = isAddressName(entry) && HELD_BY_C.test(was);
            if (!ours.includes(entry) && !mayGo)
              expect([entry, left[entry]]).toEqual([entry, was]);
          }
          expect(readFileSync(join(store.path, "target"), "latin1")).toBe(
            "c\r\neth0",
          );
        },
      ),
      { numRuns: 500 },
    );
  }, 240_000);
});
