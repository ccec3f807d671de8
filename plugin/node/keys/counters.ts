import { jsonOrNothing } from "../../../files/json.ts";
import { keptFor } from "../../mesh/kept.ts";
import { readStateFile } from "../../kernel/state-file.ts";
import { type CountersFile, isCounters, type StoredLook } from "./stored.ts";

/** Reads the file of counters. Of 20,000 peers it has a megabyte: whoever reads it again parses it only where it says something else. */
export interface CountersReader {
  /** Undefined where it cannot be read, others than root could have written it, or no version wrote it as it is. */
  readonly read: (file: string) => CountersFile | undefined;
  /** Is told what the file says from now on. */
  readonly wrote: (text: string, content: CountersFile) => void;
  /** What to write for it: most of what looks say is the same each time. */
  readonly textOf: (content: CountersFile) => string;
  /** The series that a look was at. */
  readonly seriesOf: (look: StoredLook) => readonly string[];
}

/** One that has read nothing yet. */
export function countersReader(): CountersReader {
  let last: Parsed | undefined;
  const lookText = keptFor((look: StoredLook) => JSON.stringify(look));
  return {
    read: (file) => {
      const text = tryRead(file);
      if (text === undefined) return undefined;
      if (text !== last?.text) last = parsed(text);
      return last?.content;
    },
    wrote: (text, content) => {
      last = { text, content };
    },
    textOf: (content) => `${textOf(content, lookText)}\n`,
    seriesOf: keptFor(({ sent }: StoredLook) => Object.keys(sent)),
  };
}

/** As JSON.stringify() has it, of looks' own texts. */
function textOf(
  { version, boot, nodes }: CountersFile,
  lookText: (look: StoredLook) => string,
): string {
  const texts = nodes.map(({ network, secrets, looks }) => {
    const head = JSON.stringify({ network, secrets }).slice(0, -1);
    return `${head},"looks":[${looks.map((look) => lookText(look)).join()}]}`;
  });
  const head = JSON.stringify({ version, boot }).slice(0, -1);
  return `${head},"nodes":[${texts.join()}]}`;
}

interface Parsed {
  readonly text: string;
  readonly content: CountersFile;
}

function parsed(text: string): Parsed | undefined {
  const content = jsonOrNothing(text);
  return isCounters(content) ? { text, content } : undefined;
}

function tryRead(file: string): string | undefined {
  try {
    return readStateFile(file);
  } catch {
    return undefined;
  }
}
