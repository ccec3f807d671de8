import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Memory, NO_MEMORY } from "../../../plugin/fence/decide.ts";
import { recall, remember } from "../../../plugin/fence/memory.ts";
import { binding } from "../../support/binding.ts";
import { cidrs } from "../../support/mesh/mesh.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";

let node: Namespace;
let folder: string;
let file: string;

beforeEach(() => {
  node = namespace();
  folder = mkdtempSync(join(tmpdir(), "crosslink-memory-"));
  file = join(folder, "fence.json");
});

afterEach(() => {
  node[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const kernel = () => ({ binding, netns: node.fd });
const recalled = (): Memory => recall(kernel(), "/etc/clusters.d", file).memory;

function memoryOf(clusters: Record<string, string[]>): Memory {
  const entries = Object.entries(clusters).map(
    ([name, texts]) => [name, { cidrs: cidrs(texts), sure: true }] as const,
  );
  return { own: "a", clusters: new Map(entries) };
}

/** In the words of its file. */
function told({ clusters }: Memory): Record<string, string[]> {
  return Object.fromEntries(
    [...clusters].map(([name, { cidrs }]) => [
      name,
      cidrs.map(({ text }) => text),
    ]),
  );
}

it("keeps what others remembered since it was recalled, and forgets what it was told to", () => {
  remember(
    kernel(),
    memoryOf({ b: ["10.1.0.0/16"], c: ["10.2.0.0/16"] }),
    undefined,
    file,
  );
  const seen = recalled();
  // Another process, which waits for the node's lock, adds to the fence without it.
  const more = memoryOf({
    b: ["10.1.0.0/16", "10.9.0.0/16"],
    c: ["10.2.0.0/16"],
    d: ["10.3.0.0/16"],
  });
  remember(kernel(), more, seen, file);
  remember(kernel(), memoryOf({ b: ["10.1.0.0/16"] }), seen, file);
  expect(told(recalled())).toEqual({
    b: ["10.1.0.0/16", "10.9.0.0/16"],
    d: ["10.3.0.0/16"],
  });
});

it("forgets all where all goes", () => {
  remember(kernel(), memoryOf({ b: ["10.1.0.0/16"] }), undefined, file);
  remember(kernel(), NO_MEMORY, undefined, file);
  expect(told(recalled())).toEqual({});
});

it.each([
  "",
  "{",
  "{}",
  "null",
  "[]",
  '{"nodes":null}',
  '{"nodes":[null]}',
  '{"nodes":[{"clusters":{"b":{"cidrs":["x"]}}}]}',
])("a file that holds %j is said to be damaged, and written anew", (text) => {
  writeFileSync(file, text, { mode: 0o600 });
  const { memory, damage } = recall(kernel(), "/etc/clusters.d", file);
  expect(Object.values(told(memory)).flat()).toEqual([]);
  expect(damage?.message).toContain(`Cannot read all that was fenced from`);
  remember(kernel(), memoryOf({ b: ["10.1.0.0/16"] }), NO_MEMORY, file);
  expect(told(recalled())).toEqual({ b: ["10.1.0.0/16"] });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toContain("10.1.0.0/16");
});

const OF_TWO = JSON.stringify(
  {
    version: 1,
    nodes: [
      {
        ...{ boot: "earlier", network: "1", own: "a" },
        clusters: {
          b: { cidrs: ["10.1.0.0/16", "fd0b::/64"], sure: true },
          c: { cidrs: ["10.2.0.0/16"], sure: true },
        },
      },
    ],
  },
  undefined,
  1,
);

it.each<[string, string, Record<string, string[]>]>([
  [
    "cut short",
    OF_TWO.slice(0, OF_TWO.indexOf('"sure": true\n    },\n    "c"')),
    { b: ["10.1.0.0/16", "fd0b::/64"] },
  ],
  [
    "filled up with zeros",
    `${OF_TWO.slice(0, -20)}${"\0".repeat(20)}`,
    { b: ["10.1.0.0/16", "fd0b::/64"], c: ["10.2.0.0/16"] },
  ],
  [
    "with a slip in it",
    OF_TWO.replace("fd0b::/64", "fd0b:/64"),
    { b: ["10.1.0.0/16"], c: ["10.2.0.0/16"] },
  ],
  [
    "with a cluster that is none",
    OF_TWO.replace(/\[\s*"10.2.0.0\/16"\s*\]/, '"10.2.0.0/16"'),
    { b: ["10.1.0.0/16", "fd0b::/64"], c: [] },
  ],
])("of a file %s all counts that can be made out", (_, text, expected) => {
  writeFileSync(file, text, { mode: 0o600 });
  const { memory, damage } = recall(kernel(), "/etc/clusters.d", file);
  expect(told(memory)).toEqual(expected);
  expect(damage).toBeDefined();
});
