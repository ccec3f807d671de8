import fc from "fast-check";
import { expect, it } from "vitest";
import type { Claim } from "../../../../conf/claims.ts";
import type { Cidr } from "../../../../ip/cidr.ts";
import {
  decide,
  type Decision,
  type Memory,
  NO_MEMORY,
} from "../../../../plugin/fence/decide.ts";
import { joinMemories } from "../../../../plugin/fence/join.ts";
import { type FenceWill, toStand } from "../../../../plugin/fence/will.ts";
import { cidrs } from "../../../support/mesh/mesh.ts";

/** A node in memory: its files, its kernel's fence, what it remembers, and who has the lock. */
interface World {
  files: ReadonlyMap<string, "good" | "broken">;
  standing: readonly Cidr[];
  memory: Memory;
  lock: number | undefined;
  readonly everFenced: Map<string, Cidr>;
}

const FAR: Readonly<Record<string, readonly Cidr[]>> = {
  b: cidrs(["10.1.0.0/16"]),
  c: cidrs(["10.2.0.0/16", "10.3.0.0/16"]),
};

function look({ files, memory }: World): Decision {
  const good = [...files].filter(([, state]) => state === "good");
  const isWhole = good.length === files.size && files.size > 0;
  const claims = good.map(([name]): Claim => {
    const seen = FAR[name] ?? [];
    return { name, encrypted: true, seen, pods: seen, nodes: [] };
  });
  return decide({
    claims,
    own: isWhole && files.has("a") ? "a" : undefined,
    settled: isWhole && files.has("a"),
    memory,
    machine: { names: [], networks: [] },
  });
}

function stand(world: World, will: FenceWill): void {
  world.standing = toStand(will, world.standing);
  for (const cidr of world.standing) world.everFenced.set(cidr.text, cidr);
}

type Process = Generator<undefined, void, undefined>;

/** One run, a step at a time: converge() of plugin/node, without what is not the fence's. */
function* ordered(world: World, id: number): Process {
  look(world);
  yield;
  while (world.lock !== undefined) yield;
  world.lock = id;
  yield;
  const { will, memory } = look(world);
  yield;
  stand(world, { ...will, released: [] });
  yield;
  world.memory = joinMemories(world.memory, memory);
  yield;
  stand(world, will);
  yield;
  world.memory = memory;
  world.lock = undefined;
}

/** As it was: files read before the lock, and whatever they do not name retired. */
function* unordered(world: World, id: number): Process {
  const { wanted } = look({ ...world, memory: NO_MEMORY }).will;
  yield;
  while (world.lock !== undefined) yield;
  world.lock = id;
  yield;
  stand(world, { wanted, released: "all" });
  world.lock = undefined;
}

type Event =
  | { readonly kind: "step"; readonly process: 0 | 1 }
  | { readonly kind: "kill"; readonly process: 0 | 1 }
  | {
      readonly kind: "file";
      readonly name: string;
      readonly state: "good" | "broken" | "gone";
    }
  | { readonly kind: "empty" };

const process = fc.constantFrom<0 | 1>(0, 1);
const step = fc.record({ kind: fc.constant("step" as const), process });
const events = fc.array(
  fc.oneof(
    { arbitrary: step, weight: 8 },
    fc.record({ kind: fc.constant("kill" as const), process }),
    fc.record({
      kind: fc.constant("file" as const),
      name: fc.constantFrom("a", "b", "c"),
      state: fc.constantFrom<"good" | "broken" | "gone">(
        "good",
        "broken",
        "gone",
      ),
    }),
    fc.record({ kind: fc.constant("empty" as const) }),
  ),
  { minLength: 10, maxLength: 80 },
);

/** The CIDRs that were fenced and are open, after any event. */
function opened(
  run: (world: World, id: number) => Process,
  sequence: readonly Event[],
): string[] {
  const world: World = {
    files: new Map([
      ["a", "good"],
      ["b", "good"],
    ]),
    standing: [],
    memory: NO_MEMORY,
    lock: undefined,
    everFenced: new Map(),
  };
  const running = [run(world, 0), run(world, 1)];
  const restart = (id: 0 | 1): void => {
    if (world.lock === id) world.lock = undefined; // the kernel gives a dead process's lock back
    running[id] = run(world, id);
  };
  for (const event of sequence) {
    if (event.kind === "step") {
      if (running[event.process]?.next().done === true) restart(event.process);
    } else if (event.kind === "kill") restart(event.process);
    else if (event.kind === "empty") world.files = new Map();
    else {
      const files = new Map(world.files);
      if (event.state === "gone") files.delete(event.name);
      else files.set(event.name, event.state);
      world.files = files;
    }
    const now = new Set(world.standing.map(({ text }) => text));
    const open = [...world.everFenced.keys()].filter((text) => !now.has(text));
    if (open.length > 0) return open;
  }
  return [];
}

it("two runs, files that come, break and go, and kills, in whatever order: nothing that was fenced is open", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      expect(opened(ordered, sequence)).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

it("and the order of before is found out", () => {
  const found = fc.check(
    fc.property(events, (sequence) => opened(unordered, sequence).length === 0),
    { numRuns: 3000 },
  );
  expect(found.failed).toBe(true);
});
