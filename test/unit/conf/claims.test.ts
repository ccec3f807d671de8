import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClaims } from "../../../conf/claims.ts";
import { namesIn } from "../../../conf/folder-names.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-claims-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ["b", "b"],
  ["cloud-b.example", "cloud-b.example"],
  ["", "file"],
  ["a\u001b[31m", "file"],
  ["x".repeat(254), "file"],
  ["../b", "file"],
])(
  "calls a cluster by a name that it may have, and else by its file's: %j",
  (name, expected) => {
    writeFileSync(
      join(folder, "file.json"),
      JSON.stringify({ name, podCIDRs: ["10.1.0.0/16"], unknown: true }),
    );
    const [claim] = readClaims(namesIn(folder));
    expect(claim?.name).toBe(expected);
    expect(claim?.seen.map(({ text }) => text)).toEqual(["10.1.0.0/16"]);
  },
);

const B = { name: "b", podCIDRs: ["10.65.0.0/16", "fd66::/48"] };
const BOTH = ["10.65.0.0/16", "fd66::/48"];

function written(text: string | Buffer): ReturnType<typeof readClaims> {
  writeFileSync(join(folder, "file.json"), text);
  return readClaims(namesIn(folder));
}

function seenIn(text: string | Buffer): string[] {
  return written(text).flatMap(({ seen }) => seen.map((cidr) => cidr.text));
}

describe("networks are made out", () => {
  it.each<[string, string | Buffer]>([
    ["before a comma too many", `${JSON.stringify(B).slice(0, -1)},}`],
    ["of a file that ends early", JSON.stringify(B).slice(0, -2)],
    ["in other quotes", JSON.stringify(B).replaceAll('"', "'")],
    [
      "in YAML",
      "name: b\npodCIDRs:\n  - 10.65.0.0/16\n  - fd66::/48\nnodes:\n  - name: b1\n",
    ],
    ["in UTF-16", Buffer.from(`\ufeff${JSON.stringify(B)}`, "utf16le")],
    [
      "as a control plane has them",
      JSON.stringify({ metadata: { name: "b" }, spec: B }),
    ],
    ["in a list of one", JSON.stringify([B])],
    ["in a key for one", '{"podCIDR": "10.65.0.0/16, fd66::/48"}'],
    ["behind an underscore", '{"pod_cidrs": ["10.65.0.0/16", "fd66::/48"]}'],
    ["behind a slip", '{"podCDIRs": ["10.65.0.0/16", "fd66::/48"]}'],
    [
      "in objects",
      '{"podCIDRs": [{"cidr": "10.65.0.0/16"}, {"cidr": "fd66::/48"}]}',
    ],
    [
      "of a key that occurs twice",
      '{"podCIDRs": ["10.65.0.0/16"], "podCIDRs": ["fd66::/48"]}',
    ],
    [
      "in escapes",
      String.raw`{"pod\u0043IDRs": ["10.65.0.0\/16", "fd66::\/48"],}`,
    ],
    [
      "with spaces, in IPv6's form",
      '{"podCIDRs": ["::ffff:10.65.0.0/112", "fd66:: / 48"]}',
    ],
    ["with a mask", '{"podCIDRs": ["10.65.0.0/255.255.0.0", "fd66::/48"]}'],
    [
      "on both sides of a merge",
      '{"podCIDRs": [\n<<<<<<< HEAD\n"10.65.0.0/16"\n=======\n"fd66::/48"\n>>>>>>> b\n]}',
    ],
  ])("%s", (_, text) => {
    expect(seenIn(text)).toEqual(BOTH);
  });

  it("of each cluster in a list", () => {
    const clusters = written(
      JSON.stringify({ items: [B, { name: "c", podCIDRs: ["10.66.0.0/16"] }] }),
    );
    expect(clusters.map(({ name, seen }) => [name, seen.length])).toEqual([
      ["b", 2],
      ["c", 1],
    ]);
  });

  it("but for those that others see instead, and those that nodes are in", () => {
    const text = `{"podCIDRs": ["10.0.0.0/16"], "nodeCIDR": "198.51.100.0/24",
      "globalCIDRs": {"10.0.0.0/16": "fd66::/48"}, "serviceCIDRs": ["10.97.0.0/16"],}`;
    expect(seenIn(text)).toEqual(["fd66::/48", "10.97.0.0/16"]);
  });

  it("in any text, without a word of protest", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            ...["{", "}", "[", "]", '"', "'", ",", ":", "=", "/", " ", "\n"],
            ...[
              "podCIDRs",
              "nodes",
              "name",
              "fd66::/48",
              "10.1.0.0/300",
              "\\u",
            ],
          ),
        ),
        (words) => {
          expect(() => written(words.join(""))).not.toThrow();
        },
      ),
    );
  });
});

describe("a file is plain", () => {
  const plain = (more: string) =>
    written(`{"podCIDRs": ["10.65.0.0/16"], ${more},}`).every(
      ({ encrypted }) => !encrypted,
    );

  it("where it says so, and nothing else", () => {
    expect(plain('"encryption": "none"')).toBe(true);
    expect(plain('"encryption": "none", "encryption": "esp"')).toBe(false);
    expect(plain('"encryption": "esp", "encryption": "none"')).toBe(false);
    expect(plain('"encryption": "esp"')).toBe(false);
  });

  it("not by a comment", () => {
    expect(plain('\n// "encryption": "none"\n"mode": "p2p"')).toBe(false);
    expect(plain('/* "encryption": "none" */ "mode": "p2p"')).toBe(false);
    expect(plain('\n# "encryption": "none"\n"mode": "p2p"')).toBe(false);
  });
});

it("has names and addresses of nodes, by which a broken file is known as the own cluster's", () => {
  const nodes = [{ name: "n1", ips: ["192.0.2.10", "2001:db8::10"] }];
  const [claim] = written(`${JSON.stringify({ ...B, nodes }).slice(0, -1)},}`);
  expect(claim?.nodes.map(({ name }) => name)).toContain("n1");
  expect(claim?.nodes.flatMap(({ ips }) => ips)).toEqual(nodes[0]?.ips);
});
