import { readStateFile } from "../../kernel/state-file.ts";
import { type CountersFile, isCounters } from "./stored.ts";

/** Reads the file of counters. Of 20,000 peers it has a megabyte: whoever reads it again parses it only where it says something else. */
export interface CountersReader {
  /** Undefined where it cannot be read, others than root could have written it, or no version wrote it as it is. */
  readonly read: (file: string) => CountersFile | undefined;
  /** Is told what the file says from now on. */
  readonly wrote: (text: string, content: CountersFile) => void;
}

/** One that has read nothing yet. */
export function countersReader(): CountersReader {
  let last: Parsed | undefined;
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
  };
}

interface Parsed {
  readonly text: string;
  readonly content: CountersFile;
}

function parsed(text: string): Parsed | undefined {
  const content = tryParse(text);
  return isCounters(content) ? { text, content } : undefined;
}

function tryRead(file: string): string | undefined {
  try {
    return readStateFile(file);
  } catch {
    return undefined;
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
