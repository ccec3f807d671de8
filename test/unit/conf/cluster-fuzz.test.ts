import { join } from "node:path";
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { cidrOverlaps, parseCidr } from "../../../ip/cidr.ts";
import { type ClusterSource, loadClusters } from "../../../conf/clusters.ts";
import { temporaryFolder, writeFiles } from "./files.ts";

const template = {
  name: "a",
  cni: "calico",
  mode: "p2p",
  ipFamily: "all",
  podCIDRs: ["10.0.0.0/16", "fd00:1::/48"],
  serviceCIDRs: ["10.96.0.0/16"],
  globalCIDRs: { "10.0.0.0/16": "100.80.0.0/16" },
  nodes: [
    {
      name: "n1",
      ips: ["172.17.0.2", "fd99::1"],
      elasticIP: "203.0.113.1",
      podCIDRs: ["10.0.0.0/24"],
      gateway: true,
    },
    {
      name: "n2",
      ips: ["172.17.0.3"],
      podCIDRs: ["10.0.1.0/24", "fd00:1:0:1::/64"],
    },
  ],
  encryption: "esp",
  encap: "esp",
};
const neighbour = { name: "b", podCIDRs: ["10.1.0.0/16", "fd00:2::/48"] };

const texts = [
  "",
  "10.0.0.0/16",
  "10.1.2.0/24",
  "10.0.0.0/0",
  "10.0.1.0/24",
  "100.80.0.0/16",
  "fd00:2::/64",
  "::/0",
  "10.0.0.1",
  "::ffff:1.2.3.4",
  "fe80::1%eth0",
  "172.17.0.3",
  "203.0.113.1",
  "a",
  "b",
  "none",
  "gateway",
  "ipv6",
  "__proto__",
];
const leaf = fc.oneof(
  fc.constantFrom<unknown>(...texts, null, 0, -1, 1e308, true, [], {}, [[]]),
  fc.jsonValue({ maxDepth: 2 }),
);

type Edit = { at: number; what: "replace" | "remove" | "copy"; value: unknown };
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 60 }),
  what: fc.constantFrom("replace", "remove", "copy"),
  value: leaf,
});

/** Every place of a document: the object or array, and the key in it. */
function places(
  value: unknown,
): { parent: Record<string, unknown>; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [
    { parent, key },
    ...places(parent[key]),
  ]);
}

function apply(document: unknown, { at, what, value }: Edit): void {
  const all = places(document);
  const place = all[at % Math.max(all.length, 1)];
  if (place === undefined) return;
  const { parent, key } = place;
  // A copy: the arbitrary's own [[]] would come to hold itself.
  if (what === "replace") put(parent, key, structuredClone(value));
  else if (what === "copy")
    put(parent, typeof value === "string" ? value : `${key}2`, parent[key]);
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
}

/** A key of the document, even where an assignment to it (`__proto__`) would be no key. */
function put(parent: object, key: string, value: unknown): void {
  if (Array.isArray(parent) && key === "length") return; // no key of any document
  Object.defineProperty(parent, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

/** What must hold of any mesh that is accepted. */
function requireSound(sources: readonly ClusterSource[]): void {
  const claims = sources.flatMap(({ cluster }) => {
    const { podCIDRs, serviceCIDRs, globalCIDRs } = cluster;
    return [
      ...podCIDRs.map((text) => globalCIDRs[text] ?? text),
      ...serviceCIDRs,
    ].map(parseCidr);
  });
  claims.forEach((claim, i) => {
    expect(
      claims.slice(i + 1).some((other) => cidrOverlaps(claim, other)),
    ).toBe(false);
  });
  expect(new Set(sources.map(({ cluster }) => cluster.name)).size).toBe(
    sources.length,
  );
}

test("loadClusters() returns a sound mesh or throws CniError 7, however a file is edited", () => {
  const folder = writeFiles(temporaryFolder(), {
    "a.json": template,
    "b.json": neighbour,
  });
  const path = join(folder, "a.json");
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
      const document = structuredClone(template);
      for (const one of edits) apply(document, one);
      writeFileSync(path, JSON.stringify(document));
      try {
        requireSound(loadClusters(folder));
        accepted++;
      } catch (error) {
        requireExplained(error, folder);
      }
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(10);
});

test("loadClusters() returns or throws CniError 7, however a file's text is damaged", () => {
  const folder = writeFiles(temporaryFolder(), { "a.json": template });
  const path = join(folder, "a.json");
  const text = JSON.stringify(template, null, 1);
  const damage = fc.record({
    at: fc.nat({ max: text.length }),
    length: fc.nat({ max: 9 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(damage, ({ at, length, insert }) => {
      const bytes = Buffer.from(text);
      writeFileSync(
        path,
        Buffer.concat([
          bytes.subarray(0, at),
          insert,
          bytes.subarray(at + length),
        ]),
      );
      try {
        loadClusters(folder);
      } catch (error) {
        requireExplained(error, folder);
      }
    }),
    { numRuns: 500 },
  );
});

function requireExplained(error: unknown, folder: string): void {
  expect(error).toBeInstanceOf(CniError);
  const { code, message } = error as CniError;
  expect(code).toBe(7);
  expect(message).toContain(`Cannot use cluster file "${folder}/`);
  expect(message).not.toMatch(/undefined|NaN|\[object/);
}
