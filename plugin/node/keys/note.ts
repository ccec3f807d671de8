import { CniError, ErrorCode } from "../../../cni/error.ts";
import { networkId } from "../../kernel/network-id.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { readStateFile, writeStateFile } from "../../kernel/state-file.ts";
import { RUN_FOLDER } from "../../owned.ts";
import { type CountersReader, countersReader } from "./counters.ts";
import type { Sent } from "./outbound.ts";
import {
  type GenerationsFile,
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
  readonly sent: Pick<ReadonlyMap<string, Sent>, "get">;
  /** Names of the secrets in use, by key id. */
  readonly secrets: ReadonlyMap<number, string>;
  readonly moved: ReadonlyMap<string, number>;
}

/** Where notes are, and who has read them before. */
interface NotePlace {
  readonly files?: NoteFiles;
  readonly reader?: CountersReader | undefined;
}

/**
 * What was noted. A file that cannot be read, that others than root could have written, or that no version wrote as it is, is
 * one that is lost.
 *
 * What was noted in other network namespaces counts too: a container's that was made anew is another one, with the same
 * keys.
 */
export function readKeyNote(
  kernel: Kernel,
  { files = FILES, reader = countersReader() }: NotePlace = {},
): KeyNote {
  const id = networkId(kernel);
  const nodes = readNodes(reader, files.counters, id.boot);
  const own = nodes.find(({ network }) => network === id.network);
  const others = nodes.filter((node) => node !== own);
  const looks = [...others, ...(own === undefined ? [] : [own])].flatMap(
    (node) =>
      node.looks.toReversed().map((look) => recalled(look, node === own)),
  );
  return {
    isKnown: own !== undefined,
    milliseconds: own?.looks[0]?.milliseconds,
    // A look at what one file has changed asks for a few of thousands.
    sent: { get: (name) => latestOf(name, looks) },
    secrets: new Map(
      Object.entries(own?.secrets ?? {}).map(([key, name]) => [
        Number(key),
        name,
      ]),
    ),
    moved: new Map(Object.entries(readNewest(files.generations))),
  };
}

/** What was seen at one time. */
interface RecalledLook extends Pick<StoredLook, "sent"> {
  readonly at: Sent["at"];
}

/** Octets count in one namespace alone. */
function recalled(
  { milliseconds, octets, sent }: StoredLook,
  isOwn: boolean,
): RecalledLook {
  return {
    sent,
    at: {
      milliseconds,
      ...(isOwn && octets !== undefined ? { octets } : {}),
    },
  };
}

/** Of looks that are as late as each other the last in the list counts. */
function latestOf(
  name: string,
  looks: readonly RecalledLook[],
): Sent | undefined {
  let latest: Sent | undefined;
  for (const { sent, at } of looks) {
    const found = sent[name];
    if (found === undefined) continue;
    const [generation, sequence] = found;
    const isOlder =
      latest !== undefined &&
      (generation < latest.generation ||
        (generation === latest.generation &&
          at.milliseconds < latest.at.milliseconds));
    if (!isOlder) latest = { generation, sequence, at };
  }
  return latest;
}

/** What is to be noted. */
interface NewNote extends Pick<KeyNote, "secrets" | "moved"> {
  readonly sent: ReadonlyMap<string, Sent>;
}

/**
 * Notes. What was noted of other series stays: they may come back.
 *
 * @param since writes nothing where somebody has noted later than that
 * @throws CniError 5 where it cannot be written
 */
export function writeKeyNote(
  kernel: Kernel,
  note: NewNote,
  {
    files = FILES,
    reader = countersReader(),
    since = Infinity,
  }: WriteOptions = {},
): void {
  try {
    if (note.moved.size > 0)
      writeStateFile(kernel, files.generations, () =>
        generationsText(files.generations, note.moved),
      );
    const id = networkId(kernel);
    writeStateFile(kernel, files.counters, () => {
      const nodes = readNodes(reader, files.counters, id.boot);
      const own = nodes.find(({ network }) => network === id.network);
      const others = nodes.filter((node) => node !== own);
      const isLate = (own?.looks[0]?.milliseconds ?? 0) > since;
      const newest =
        isLate && own
          ? own
          : toStored(note, { network: id.network, before: own, reader });
      const content: CountersFile = {
        version: 1,
        boot: id.boot,
        nodes: [newest, ...others].slice(0, MOST_NODES),
      };
      const text = reader.textOf(content);
      reader.wrote(text, content);
      return text;
    });
  } catch (cause) {
    throw failure(files, cause);
  }
}

interface WriteOptions extends NotePlace {
  /** By the clock of a Meter. */
  readonly since?: number | undefined;
}

/** Of namespaces that have gone nobody tells; the oldest are given up. */
const MOST_NODES = 200;

/** Of this many series at most, the newest: of those that were rotated away nobody tells either. */
const MOST_GENERATIONS = 10_000;

/** What a look says of series that were looked at later does no harm: the later one counts. One that has nothing else goes. */
function toStored(
  { sent, secrets }: NewNote,
  {
    network,
    before,
    reader,
  }: {
    readonly network: string;
    readonly before: StoredNode | undefined;
    readonly reader: CountersReader;
  },
): StoredNode {
  const [first] = sent.values();
  const left = (before?.looks ?? []).filter(
    (look) => !reader.seriesOf(look).every((name) => sent.has(name)),
  );
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

function readNodes(
  reader: CountersReader,
  file: string,
  boot: string,
): readonly StoredNode[] {
  const content = reader.read(file);
  return content?.boot === boot ? content.nodes : [];
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
