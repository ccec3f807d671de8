import {
  chmodSync,
  chownSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readClaims } from "../../../conf/claims.ts";
import {
  type ClusterSource,
  clusterReader,
  loadClusters,
} from "../../../conf/clusters.ts";
import { ignoredFiles, namesIn, placesIn } from "../../../conf/folder-names.ts";
import { CniError } from "../../../cni/error.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const B = { name: "b", podCIDRs: ["10.1.0.0/16"] };

/** A node of cluster b. */
function node(n: number, more: object = {}): object {
  return {
    name: `n${String(n)}`,
    ips: [`192.0.2.${String(n)}`],
    podCIDRs: [`10.1.${String(n)}.0/24`],
    ...more,
  };
}

/** Files by their paths, sub-folders as they need them. */
function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = temporaryFolder();
  for (const path of Object.keys(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    chmodSync(join(folder, dirname(path)), 0o755);
  }
  return writeFiles(folder, files);
}

const names = ([source]: readonly ClusterSource[]): (string | undefined)[] =>
  source?.cluster.nodes.map(({ name }) => name) ?? [];

function refused(files: Readonly<Record<string, unknown>>) {
  const folder = folderWith(files);
  const found = refusal(() => loadClusters(folder), folder);
  expect(found.code).toBe(7);
  return found;
}

describe("loadClusters() with slices", () => {
  it("has the file's own nodes, then those of slices in the order of their names", () => {
    const folder = folderWith({
      "b.json": { ...B, nodes: [node(9)] },
      "b.d/10.json": { nodes: [node(1)] },
      "b.d/2.json": { nodes: [node(3), node(2)] },
      "b.d/3.json": { nodes: [] },
    });
    expect(names(loadClusters(folder))).toEqual(["n9", "n1", "n3", "n2"]);
  });

  it("takes a cluster that is called otherwise than its file, and links to slices", () => {
    const folder = folderWith({
      "file.json": { ...B },
      "file.d/..2026/1.json": { nodes: [node(1)] },
    });
    symlinkSync("..2026", join(folder, "file.d/..data"));
    symlinkSync("..data/1.json", join(folder, "file.d/1.json"));
    expect(names(loadClusters(folder))).toEqual(["n1"]);
  });

  it("passes over what editors leave there, and names what looks meant", () => {
    const folder = folderWith({
      "b.json": B,
      "b.d/1.json": { nodes: [node(1)] },
      ...Object.fromEntries(
        [".1.json.swp", "1.json~", "1.json.bak", "README", "x.yaml"].map(
          (name) => [`b.d/${name}`, "{"],
        ),
      ),
    });
    expect(names(loadClusters(folder))).toEqual(["n1"]);
    expect(ignoredFiles(namesIn(folder))).toEqual([
      expect.stringContaining(`"${folder}/b.d/x.yaml" is not read`),
    ]);
  });

  it("names a sub-folder that holds no slices of anything, and a file that is called like one", () => {
    const folder = folderWith({ "b.json": B, "b.d": "", "c.d/README": "" });
    expect(loadClusters(folder)).toHaveLength(1);
    expect(ignoredFiles(namesIn(folder))).toEqual([
      expect.stringContaining('/b.d" is not read'),
      expect.stringContaining('/c.d" is not read'),
    ]);
  });
});

it.each([
  [
    "a node that is in another slice too",
    {
      "b.d/1.json": { nodes: [node(1)] },
      "b.d/2.json": { nodes: [node(1, { podCIDRs: [] })] },
    },
    'Cannot use slice "DIR/b.d/2.json": /nodes/0/name: "n1" is the name of /nodes/0 of "DIR/b.d/1.json" too',
  ],
  [
    "a node that is in the file too",
    {
      "b.json": { ...B, nodes: [node(4), node(1)] },
      "b.d/1.json": { nodes: [node(2), node(1, { podCIDRs: [] })] },
    },
    'Cannot use slice "DIR/b.d/1.json": /nodes/1/name: "n1" is the name of /nodes/1 of "DIR/b.json" too',
  ],
  [
    "an address that another slice has",
    {
      "b.d/1.json": { nodes: [node(3), node(1)] },
      "b.d/2.json": { nodes: [node(2, { ips: ["192.0.2.1"] })] },
    },
    '"192.0.2.1" is at /nodes/1/ips/0 of "DIR/b.d/1.json" too',
  ],
  [
    "pods that another slice has",
    {
      "b.d/1.json": { nodes: [node(1)] },
      "b.d/2.json": { nodes: [node(2, { podCIDRs: ["10.1.1.0/25"] })] },
    },
    'slice "DIR/b.d/2.json": /nodes/0/podCIDRs/0: "10.1.1.0/25" overlaps "10.1.1.0/24" at /nodes/0/podCIDRs/0 of "DIR/b.d/1.json"',
  ],
  [
    "pods outside of the cluster's",
    { "b.d/1.json": { nodes: [node(1, { podCIDRs: ["10.9.0.0/24"] })] } },
    'slice "DIR/b.d/1.json": /nodes/0/podCIDRs/0: "10.9.0.0/24" is not a part',
  ],
  [
    "a key that a cluster file has",
    { "b.d/1.json": { nodes: [], podCIDRs: ["10.1.0.0/16"] } },
    'slice "DIR/b.d/1.json": /podCIDRs: unknown key; known keys are "nodes"',
  ],
  [
    "no nodes",
    { "b.d/1.json": {} },
    'slice "DIR/b.d/1.json": /nodes: is missing',
  ],
  [
    "a node without addresses",
    { "b.d/1.json": { nodes: [node(1), { name: "n2" }] } },
    'slice "DIR/b.d/1.json": /nodes/1/ips: is missing',
  ],
  [
    "what is no JSON",
    { "b.d/1.json": '{"nodes": [' },
    'slice "DIR/b.d/1.json": it is not JSON at line 1, column 12',
  ],
  [
    "another cluster's elastic address",
    {
      "a.json": {
        name: "a",
        podCIDRs: ["10.0.0.0/16"],
        nodes: [{ name: "a1", ips: ["192.0.2.7"], elasticIP: "198.51.100.1" }],
      },
      "b.d/1.json": { nodes: [node(2)] },
      "b.d/2.json": { nodes: [node(1, { elasticIP: "198.51.100.1" })] },
    },
    'slice "DIR/b.d/2.json": /nodes/0/elasticIP: "198.51.100.1" is the elastic address at /nodes/0/elasticIP of "DIR/a.json"',
  ],
  [
    "no networks of the cluster's own",
    { "b.json": { name: "b" }, "b.d/1.json": { nodes: [node(1)] } },
    'cluster file "DIR/b.json": /podCIDRs: is empty, and the cluster has slices, such as "DIR/b.d/1.json"',
  ],
  [
    "slices of no file",
    { "c.d/1.json": { nodes: [node(1)] } },
    'Cannot use folder of slices "DIR/c.d": there is no "DIR/c.json"',
  ],
])("loadClusters() refuses %s", (_, files, message) => {
  const { msg, details } = refused({ "b.json": B, ...files });
  expect(msg).toContain(message);
  expect(details).toBeTruthy();
});

it("says the line of a slice's own text, also of one that was read before", () => {
  const folder = folderWith({
    "b.json": B,
    "b.d/1.json": { nodes: [node(1)] },
    "b.d/2.json": { nodes: [node(2), node(3)] },
  });
  const read = clusterReader();
  read(namesIn(folder));
  writeFiles(folder, {
    "b.d/1.json": { nodes: [node(3, { podCIDRs: [] })] },
  });
  const { msg, details } = refusal(() => read(namesIn(folder)), folder);
  expect(msg).toContain('slice "DIR/b.d/2.json": /nodes/1/name: "n3" is');
  expect(details).toContain("line 13, column 15");
});

it("loadClusters() refuses slices that others can change, and a folder that is theirs", () => {
  const folder = folderWith({
    "b.json": B,
    "b.d/1.json": { nodes: [node(1)] },
  });
  const slices = join(folder, "b.d");
  chmodSync(join(slices, "1.json"), 0o666);
  expect(refusal(() => loadClusters(folder), folder).msg).toBe(
    'Cannot use slice "DIR/b.d/1.json": everyone can write to it (mode 0666)',
  );
  chmodSync(join(slices, "1.json"), 0o600);
  chmodSync(slices, 0o777);
  expect(refusal(() => loadClusters(folder), folder).msg).toContain(
    'folder of slices "DIR/b.d": everyone can write to it',
  );
  chmodSync(slices, 0o755);
  chownSync(slices, 12, 0);
  expect(refusal(() => loadClusters(folder), folder).msg).toContain(
    'folder of slices "DIR/b.d": it belongs to user 12',
  );
});

it("parses the changed slice alone, and keeps the nodes of the others", () => {
  const folder = folderWith({
    "b.json": B,
    "b.d/1.json": { nodes: [node(1)] },
    "b.d/2.json": { nodes: [node(2), node(3)] },
  });
  const read = clusterReader();
  const before = read(namesIn(folder));
  expect(read(namesIn(folder))).toBe(before);
  writeFiles(folder, { "b.d/1.json": { nodes: [node(4)] } });
  const after = read(namesIn(folder));
  expect(names(after)).toEqual(["n4", "n2", "n3"]);
  expect(after[0]?.cluster.nodes[2]).toBe(before[0]?.cluster.nodes[2]);
  rmSync(join(folder, "b.d/2.json"));
  expect(names(read(namesIn(folder)))).toEqual(["n4"]);
  rmSync(join(folder, "b.d"), { recursive: true });
  expect(names(read(namesIn(folder)))).toEqual([]);
});

describe("readClaims() with slices", () => {
  const claimsOf = (files: Readonly<Record<string, unknown>>) =>
    readClaims(namesIn(folderWith(files))).map(
      ({ name, encrypted, seen, nodes }) => ({
        name,
        encrypted,
        seen: seen.map(({ text }) => text),
        nodes: nodes.map((one) => one.name),
      }),
    );

  it("has the cluster's networks and the nodes of what can be read, whatever a slice says", () => {
    expect(
      claimsOf({
        "b.json": B,
        "b.d/1.json": { nodes: [node(1)] },
        "b.d/2.json": '{"nodes": [{"podCIDRs": ["10.7.0.0/24"]',
        "b.d/3.json": { nodes: [node(3)], more: true },
      }),
    ).toEqual([
      {
        name: "b",
        encrypted: true,
        seen: ["10.1.0.0/16", "10.1.1.0/24", "10.7.0.0/24", "10.1.3.0/24"],
        nodes: ["n1", "n3"],
      },
    ]);
  });

  it("has what slices say whose file is missing or unreadable", () => {
    const slice = { nodes: [node(1)] };
    const claim = { encrypted: true, seen: ["10.1.1.0/24"], nodes: ["n1"] };
    expect(claimsOf({ "b.d/1.json": slice })).toEqual([
      { name: "b", ...claim },
    ]);
    expect(claimsOf({ "b.json/x": "", "b.d/1.json": slice })).toEqual([
      { name: "b", ...claim },
    ]);
  });
});

it("placesIn() has all that is read", () => {
  const folder = folderWith({
    "a.json": "",
    "b.json": B,
    "b.d/1.json": "",
    "b.d/x": "",
  });
  expect(placesIn(namesIn(folder))).toEqual(
    ["a.json", "b.json", "b.d", "b.d/1.json"].map((name) => join(folder, name)),
  );
});

/** Which slice a node is in; none for the file itself. */
const FILE = -1;
const split = fc.array(fc.integer({ min: FILE, max: 3 }), { maxLength: 8 });

it("a cluster in slices is the cluster in one file", () => {
  fc.assert(
    fc.property(split, (places) => {
      const sorted = [...places].sort((a, b) => a - b);
      const nodes = sorted.map((_, n) => node(n + 1));
      const inSlice = (place: number) =>
        nodes.filter((_, n) => sorted[n] === place);
      const sliced = folderWith({
        "b.json": { ...B, nodes: inSlice(FILE) },
        ...Object.fromEntries(
          [0, 1, 2, 3].map((place) => [
            `b.d/${String(place)}.json`,
            { nodes: inSlice(place) },
          ]),
        ),
      });
      const whole = folderWith({ "b.json": { ...B, nodes } });
      expect(loadClusters(sliced)[0]?.cluster).toEqual(
        loadClusters(whole)[0]?.cluster,
      );
    }),
    { numRuns: 40 },
  );
});

const PATHS = ["a.json", "a.d/1.json", "a.d/2.json", "b.json", "b.d/1.json"];

/** Few names and addresses, so that slices get into each other's way; wrong, cut short or taken away. */
const content = fc.oneof(
  fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 2 }).chain((numbers) =>
    fc.constantFrom(
      JSON.stringify({ nodes: numbers.map((n) => node(n)) }),
      JSON.stringify({
        nodes: numbers.map((n) =>
          node(n, { elasticIP: `198.51.100.${String(n)}`, podCIDRs: [] }),
        ),
      }),
    ),
  ),
  fc.constantFrom(
    JSON.stringify({ name: "a", podCIDRs: ["10.1.0.0/16"] }),
    JSON.stringify({ ...B, podCIDRs: ["10.2.0.0/16"] }),
    JSON.stringify(B),
    '{"nodes": [{"name": "n1"',
    undefined,
  ),
);

function outcome(read: () => readonly ClusterSource[]): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return [error.code, error.message, error.details];
  }
}

it("clusterReader() gives of slices what reading from scratch gives, whatever was edited in between", () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...PATHS), content), { maxLength: 16 }),
      (edits) => {
        const folder = folderWith({
          "a.json": { name: "a", podCIDRs: ["10.1.0.0/16"] },
          "a.d/1.json": { nodes: [node(1)] },
          "b.d/README": "",
        });
        const reader = clusterReader();
        for (const [path, text] of edits) {
          if (text === undefined) rmSync(join(folder, path), { force: true });
          else writeFileSync(join(folder, path), text);
          const again = outcome(() => reader(namesIn(folder)));
          expect(again).toEqual(outcome(() => loadClusters(folder)));
          if (again instanceof Array && typeof again[0] !== "number")
            accepted += 1;
          expect(() => readClaims(namesIn(folder))).not.toThrow();
        }
      },
    ),
  );
  expect(accepted).toBeGreaterThan(10);
});

it("loadClusters() returns or throws CniError 7 that names the slice, however its text is damaged", () => {
  const folder = folderWith({ "b.json": B, "b.d/1.json": "" });
  const text = JSON.stringify({ nodes: [node(1), node(2)] }, undefined, 1);
  const damage = fc.record({
    at: fc.nat({ max: text.length }),
    length: fc.nat({ max: 9 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(damage, ({ at, length, insert }) => {
      const bytes = Buffer.from(text);
      const parts = [
        bytes.subarray(0, at),
        insert,
        bytes.subarray(at + length),
      ];
      writeFileSync(join(folder, "b.d/1.json"), Buffer.concat(parts));
      const [code, message] = outcome(() => loadClusters(folder)) as unknown[];
      if (code instanceof Object) return;
      expect(code).toBe(7);
      expect(message).toContain(`Cannot use slice "${folder}/b.d/1.json"`);
      expect(message).not.toMatch(/undefined|NaN|\[object/);
    }),
    { numRuns: 300 },
  );
});
