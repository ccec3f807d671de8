/** Every order in which things may happen, by going from each state of the node to all that may follow. */
import { NO_MEMORY } from "../../../plugin/fence/decide.ts";
import { emptyModel } from "../kernel-model.ts";
import { isOpened } from "./files.ts";
import { worldKeys } from "./keys.ts";
import { policiesOf } from "./policies.ts";
import { type Faults, run } from "./run.ts";
import type {
  Action,
  Files,
  FileState,
  Happening,
  Id,
  World,
} from "./world.ts";

/** What was found. */
export interface Explored {
  readonly states: number;
  /** The first state in which something is open that was closed, as the way there; undefined where there is none. */
  readonly opened: readonly string[] | undefined;
}

/** What may happen, where that is not all. */
export interface Rules {
  readonly faults?: Faults;
  /** Whose files change. */
  readonly changing?: readonly (keyof Files)[];
}

const NAMES = ["a", "b", "c"] as const;

/** A node that nothing was ever done to. */
export function freshNode(left: World["left"]): World {
  return {
    files: { a: "good", b: "good", c: "gone" },
    kernel: emptyModel(),
    rules: [],
    memory: NO_MEMORY,
    lock: undefined,
    runs: [[], []],
    fenced: [],
    noted: [],
    isRaised: false,
    left,
  };
}

/** A node that one run has set up, and that nothing happens to. */
export function readyNode(left: World["left"]): World {
  const fresh = freshNode({ start: 1, kill: 0, file: 0, reboot: 0 });
  let world = fresh;
  for (let next = stepped(world, 0, {}); next[0] !== undefined;) {
    [, world] = next[0];
    next = stepped(world, 0, {});
  }
  return { ...world, left };
}

/** Goes through all states that can follow. */
export function explore(
  first: World,
  { faults = {}, changing = NAMES }: Rules = {},
): Explored {
  const keyOf = worldKeys();
  const ways = new Map<string, readonly [from: string, what: string]>();
  const start = keyOf(first);
  ways.set(start, ["", "start"]);
  const waiting: (readonly [string, World])[] = [[start, first]];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const [from, world] = at;
    for (const [what, next] of following(world, { faults, changing })) {
      const key = keyOf(next);
      if (ways.has(key)) continue;
      ways.set(key, [from, what]);
      if (next.wrong !== undefined || isOpen(next))
        return { states: ways.size, opened: wayTo(key, ways) };
      waiting.push([key, next]);
    }
  }
  return { states: ways.size, opened: undefined };
}

/**
 * Whether something that both layers closed is open in one of them, though no file says that it may be; or a policy that lets
 * packets pass stands without both.
 */
function isOpen({ fenced, files, isRaised, kernel, rules }: World): boolean {
  const { guarded, passing } = policiesOf(kernel);
  const isShut = (cidr: string): boolean =>
    guarded.has(cidr) && rules.includes(cidr);
  const closed = isRaised
    ? fenced.filter((cidr) => !isOpened(cidr, files))
    : [];
  return [...closed, ...passing].some((cidr) => !isShut(cidr));
}

type Next = readonly [what: string, world: World];

function following(
  world: World,
  { faults, changing }: Required<Rules>,
): Next[] {
  const ids = [0, 1] as const;
  return [
    ...ids.flatMap((id) => stepped(world, id, faults)),
    ...ids.flatMap((id) => killed(world, id)),
    ...changed(world, changing),
    ...rebooted(world),
  ];
}

function stepped(world: World, id: Id, faults: Faults): Next[] {
  const [first, ...rest] = world.runs[id];
  if (first === undefined)
    return happens(world, "start", (then) => [
      [`start ${id}`, withRun(then, id, [run(faults)])],
    ]);
  const taken = first.take(world, id);
  if (taken === undefined) return [];
  const { world: then, next = [], fails = false } = taken;
  if (fails) return [[`fail ${id}`, ended(then, id)]];
  return [[`${id}: ${first.key}`, withRun(then, id, [...next, ...rest])]];
}

/** The kernel gives a dead process's lock back. */
function killed(world: World, id: Id): Next[] {
  if (world.runs[id].length === 0) return [];
  return happens(world, "kill", (then) => [[`kill ${id}`, ended(then, id)]]);
}

function ended(world: World, id: Id): World {
  const lock = world.lock === id ? undefined : world.lock;
  return { ...withRun(world, id, []), lock };
}

/** What was said to be plain stays so: then nothing that a run releases by that word is open for another reason. */
const STATES: Readonly<Record<keyof Files, readonly FileState[]>> = {
  a: ["good", "broken", "gone"],
  b: ["good", "broken", "empty", "plain", "gone"],
  c: ["good", "empty", "gone"],
};

function changed(world: World, names: readonly (keyof Files)[]): Next[] {
  const { files } = world;
  return happens(world, "file", (then) => [
    ...names.flatMap((name) =>
      STATES[name]
        .filter((state) => state !== files[name] && files[name] !== "plain")
        .map((state): Next => {
          const now = { ...files, [name]: state };
          return [`${name} is ${state}`, { ...then, files: now }];
        }),
    ),
    ...(names === NAMES && files.b !== "plain" ? [emptied(then)] : []),
  ]);
}

function emptied(world: World): Next {
  return [
    "all emptied",
    { ...world, files: { a: "gone", b: "gone", c: "gone" } },
  ];
}

/** What was remembered is all that is left; what is closed by then and never was, nobody can know. */
function rebooted(world: World): Next[] {
  return happens(world, "reboot", (then) => [
    [
      "reboot",
      {
        ...then,
        kernel: emptyModel(),
        rules: [],
        lock: undefined,
        runs: [[], []],
        fenced: world.fenced.filter((cidr) => world.noted.includes(cidr)),
        isRaised: false,
      },
    ],
  ]);
}

function happens(
  world: World,
  what: Happening,
  how: (then: World) => Next[],
): Next[] {
  const { left } = world;
  if (left[what] === 0) return [];
  return how({ ...world, left: { ...left, [what]: left[what] - 1 } });
}

function withRun(world: World, id: Id, actions: readonly Action[]): World {
  const { runs } = world;
  return { ...world, runs: id === 0 ? [actions, runs[1]] : [runs[0], actions] };
}

/** What happened, the first thing first. */
function wayTo(
  key: string,
  ways: ReadonlyMap<string, readonly [from: string, what: string]>,
): string[] {
  const found: string[] = [];
  for (let at = ways.get(key); at !== undefined; at = ways.get(at[0]))
    found.unshift(at[1]);
  return found;
}
