import {
  chmodSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CniError } from "../../../cni/error.ts";
import {
  type ClusterSource,
  clusterReader,
  loadClusters,
} from "../../../conf/clusters.ts";
import { namesIn } from "../../../conf/folder-names.ts";
import { temporaryFolder, writeFiles } from "./files.ts";

function folderOf(...names: readonly string[]): string {
  return writeFiles(
    temporaryFolder(),
    Object.fromEntries(
      names.map((name, n) => [`${name}.json`, cluster(name, n)]),
    ),
  );
}

function cluster(name: string, subnet: number): object {
  return { name, podCIDRs: [`10.${subnet}.0.0/16`] };
}

/** Few addresses, so that files get into each other's way. */
const nodes = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("n1", "n2", "n3"),
    ip: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:DB8::1"),
    elastic: fc.option(fc.constantFrom("192.0.2.2", "198.51.100.1"), {
      nil: undefined,
    }),
  }),
  { maxLength: 2, selector: ({ name }) => name },
);

/** What reading gives, or why it does not. */
function outcome(read: () => readonly ClusterSource[]): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { code, message, details } = error;
    return { code, message, details };
  }
}

/** A reader that reads the names anew each time. */
function folderReader() {
  const read = clusterReader();
  return (folder: string) => read(namesIn(folder));
}

describe("clusterReader()", () => {
  it("gives the same objects for files that say the same", () => {
    const folder = folderOf("a", "b");
    const read = folderReader();
    const first = read(folder);
    expect(read(folder)).toBe(first);
    writeFiles(folder, { "b.json": cluster("b", 7) });
    const second = read(folder);
    expect(second[0]).toBe(first[0]);
    expect(second[1]?.cluster.podCIDRs).toEqual(["10.7.0.0/16"]);
  });

  it("sees a text of the same length, written at the same time by the clock", () => {
    const folder = folderOf("a");
    const path = join(folder, "a.json");
    const read = folderReader();
    read(folder);
    const { atime, mtime } = statSync(path);
    writeFiles(folder, { "a.json": cluster("a", 9) });
    utimesSync(path, atime, mtime);
    expect(read(folder)[0]?.cluster.podCIDRs).toEqual(["10.9.0.0/16"]);
  });

  it("looks at a file's mode each time, whatever it says", () => {
    const folder = folderOf("a");
    const read = folderReader();
    read(folder);
    chmodSync(join(folder, "a.json"), 0o666);
    expect(() => read(folder)).toThrow(/everyone can write/);
  });

  it("refuses a conflict again and again, and says where it is", () => {
    const folder = folderOf("a", "b");
    const read = folderReader();
    read(folder);
    writeFiles(folder, { "b.json": cluster("b", 0) });
    const refused = outcome(() => read(folder));
    expect(refused).toMatchObject({ code: 7 });
    expect(outcome(() => read(folder))).toEqual(refused);
    expect(outcome(() => loadClusters(folder))).toEqual(refused);
  });
});

it.each([
  ["an elastic address is another file's, too", "192.0.2.2", "198.51.100.1"],
  [
    "an elastic address is another file's private one",
    "192.0.2.2",
    "192.0.2.1",
  ],
  [
    "a private address is another file's elastic one",
    "198.51.100.1",
    undefined,
  ],
])("clusterReader() refuses a changed node where %s", (_, ip, elasticIP) => {
  const folder = folderOf("a", "b");
  const write = (name: string, subnet: number, node: object): void => {
    const nodes = [{ name: "n1", ...node }];
    writeFiles(folder, {
      [`${name}.json`]: { ...cluster(name, subnet), nodes },
    });
  };
  write("a", 0, { ips: ["192.0.2.1"], elasticIP: "198.51.100.1" });
  write("b", 1, { ips: ["192.0.2.2"], elasticIP: "198.51.100.2" });
  const read = folderReader();
  read(folder);
  write("b", 1, { ips: [ip], ...(elasticIP && { elasticIP }) });
  const refused = outcome(() => read(folder));
  expect(refused).toMatchObject({ code: 7 });
  expect(refused).toEqual(outcome(() => loadClusters(folder)));
});

const names = ["a", "b", "c", "d"] as const;

/** One thing that somebody does to a file of the folder. */
type Edit = readonly [name: (typeof names)[number], text: string | undefined];

/** Sound, in conflict with each other, wrong by the schema, cut short, or taken away. */
const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.constantFrom(...names),
  fc.oneof(
    fc
      .tuple(fc.constantFrom(...names), fc.nat({ max: 5 }), nodes)
      .map(([name, subnet, found]) =>
        JSON.stringify({
          ...cluster(name, subnet),
          nodes: found.map(({ name: own, ip, elastic }) => ({
            name: own,
            ips: [ip],
            ...(elastic === undefined ? {} : { elasticIP: elastic }),
          })),
        }),
      ),
    fc.constantFrom('{"name":"a"', '{"name":"a","podCidrs":[]}', "", undefined),
  ),
);

function carryOut(folder: string, [name, text]: Edit): void {
  const path = join(folder, `${name}.json`);
  if (text === undefined) rmSync(path, { force: true });
  else writeFileSync(path, text);
}

it("clusterReader() gives what reading from scratch gives, whatever was edited in between", () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
      const folder = folderOf("a", "b");
      const read = folderReader();
      for (const one of edits) {
        carryOut(folder, one);
        const again = outcome(() => read(folder));
        expect(again).toEqual(outcome(() => loadClusters(folder)));
      }
    }),
  );
});
