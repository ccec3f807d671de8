import { CniError, ErrorCode } from "../../../cni/error.ts";
import { networkId } from "../../kernel/network-id.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { readStateFile, writeStateFile } from "../../kernel/state-file.ts";
import { RUN_FOLDER } from "../../owned.ts";
import type { Sent } from "./outbound.ts";
import {
  type GenerationsFile,
  isCounters,
  isGenerations,
  type StoredLook,
  type StoredNode,
  type CountersFile,
} from "./stored.ts";

/** How far counters had come, in this boot: it goes with it, as the SAs do. No key is in it. */
const COUNTERS_FILE = `${RUN_FOLDER}/counters.json`;

/** The newest generations, where those are not the first: kept beyond a boot, since peers are not rebooted with this node. */
const GENERATIONS_FILE = "/var/lib/crosslink/generations.json";

/** Where both are; tests have others. */
export interface NoteFiles {
  readonly counters: string;
  readonly generations: string;
}

const FILES: NoteFiles = {
  counters: COUNTERS_FILE,
  generations: GENERATIONS_FILE,
};

/** What was noted of SAs; series go by their names. */
export interface KeyNote {
  /** Whether anything is known of this network namespace in this boot. */
  readonly isKnown: boolean;
  /** When it was last noted, by the clock of a Meter; undefined where nothing is known. */
  readonly milliseconds: number | undefined;
  readonly sent: ReadonlyMap<string, Sent>;
  /** Names of the secrets in use, by key id. */
  readonly secrets: ReadonlyMap<number, string>;
  readonly moved: ReadonlyMap<string, number>;
}

/**
 * What was noted. A file that cannot be read, that others than root could have written, or that no version wrote as it is, is
 * one that is lost.
 *
 * What was noted in other network namespaces counts too: a container's that was made anew is another one, with the same
 * keys.
 */
export function readKeyNote(kernel: Kernel, files = FILES): KeyNote {
  const id = networkId(kernel);
  const nodes = readNodes(files.counters, id.boot);
  const own = nodes.find(({ network }) => network === id.network);
  const others = nodes.filter((node) => node !== own);
  const sent = new Map<string, Sent>();
  for (const [node, isOwn] of [
    ...others.map((node) => [node, false] as const),
    ...(own === undefined ? [] : [[own, true] as const]),
  ])
    for (const look of node.looks.toReversed()) recall(sent, look, isOwn);
  return {
    isKnown: own !== undefined,
    milliseconds: own?.looks[0]?.milliseconds,
    sent,
    secrets: new Map(
      Object.entries(own?.secrets ?? {}).map(([key, name]) => [
        Number(key),
        name,
      ]),
    ),
    moved: new Map(Object.entries(readNewest(files.generations))),
  };
}

/** Octets count in one namespace alone. */
function recall(
  known: Map<string, Sent>,
  { milliseconds, octets, sent }: StoredLook,
  isOwn: boolean,
): void {
  const at = {
    milliseconds,
    ...(isOwn && octets !== undefined ? { octets } : {}),
  };
  for (const [name, [generation, sequence]] of Object.entries(sent)) {
    const before = known.get(name);
    const isOlder =
      before !== undefined &&
      (generation < before.generation ||
        (generation === before.generation &&
          milliseconds < before.at.milliseconds));
    if (!isOlder) known.set(name, { generation, sequence, at });
  }
}

/** What is to be noted. */
type NewNote = Pick<KeyNote, "sent" | "secrets" | "moved">;

/**
 * Notes. What was noted of other series stays: they may come back.
 *
 * @param since writes nothing where somebody has noted later than that
 * @throws CniError 5 where it cannot be written
 */
export function writeKeyNote(
  kernel: Kernel,
  note: NewNote,
  { files = FILES, since = Infinity }: WriteOptions = {},
): void {
  try {
    if (note.moved.size > 0)
      writeStateFile(kernel, files.generations, () =>
        generationsText(files.generations, note.moved),
      );
    const id = networkId(kernel);
    writeStateFile(kernel, files.counters, () => {
      const nodes = readNodes(files.counters, id.boot);
      const own = nodes.find(({ network }) => network === id.network);
      const others = nodes.filter((node) => node !== own);
      const isLate = (own?.looks[0]?.milliseconds ?? 0) > since;
      const newest = isLate && own ? own : toStored(note, id.network, own);
      const content: CountersFile = {
        version: 1,
        boot: id.boot,
        nodes: [newest, ...others].slice(0, MOST_NODES),
      };
      return `${JSON.stringify(content)}\n`;
    });
  } catch (cause) {
    throw failure(files, cause);
  }
}

interface WriteOptions {
  readonly files?: NoteFiles;
  /** By the clock of a Meter. */
  readonly since?: number | undefined;
}

/** Of namespaces that have gone nobody tells; the oldest are given up. */
const MOST_NODES = 200;

/** Of this many series at most, the newest: of those that were rotated away nobody tells either. */
const MOST_GENERATIONS = 10_000;

function toStored(
  { sent, secrets }: NewNote,
  network: string,
  before: StoredNode | undefined,
): StoredNode {
  const [first] = sent.values();
  const left = (before?.looks ?? [])
    .map((look) => without(look, sent))
    .filter((look) => Object.keys(look.sent).length > 0);
  const look = first && {
    ...first.at,
    sent: Object.fromEntries(
      [...sent].map(([name, { generation, sequence }]) => [
        name,
        [generation, sequence] as const,
      ]),
    ),
  };
  return {
    network,
    secrets: Object.fromEntries(secrets),
    looks: look === undefined ? left : [look, ...left],
  };
}

function without(look: StoredLook, sent: KeyNote["sent"]): StoredLook {
  const left = Object.entries(look.sent).filter(([name]) => !sent.has(name));
  return { ...look, sent: Object.fromEntries(left) };
}

function generationsText(file: string, moved: KeyNote["moved"]): string {
  const before = readNewest(file);
  const later = [...moved].filter(
    ([name, generation]) => generation > (before[name] ?? 0),
  );
  const all = new Map([...Object.entries(before), ...later]);
  const newest = Object.fromEntries([...all].slice(-MOST_GENERATIONS));
  const content: GenerationsFile = { version: 1, newest };
  return `${JSON.stringify(content)}\n`;
}

function readNodes(file: string, boot: string): readonly StoredNode[] {
  const content = tryRead(file);
  return isCounters(content) && content.boot === boot ? content.nodes : [];
}

function readNewest(file: string): GenerationsFile["newest"] {
  const content = tryRead(file);
  return isGenerations(content) ? content.newest : {};
}

function tryRead(file: string): unknown {
  try {
    const text = readStateFile(file);
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure({ counters, generations }: NoteFiles, cause: unknown) {
  const fact = cause instanceof Error ? cause.message : String(cause);
  return new CniError(
    ErrorCode.io,
    `Cannot note how far SAs have counted in "${counters}" and "${generations}"`,
    {
      details: `${fact}. No SA is made that could use a number twice: mend the folders or the files, which must be root's alone`,
      cause,
    },
  );
}
