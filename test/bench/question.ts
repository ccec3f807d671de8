import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";

/** Puts a line to a process, and returns the line that it answers; undefined where it has ended. One at a time. */
export type Ask = (line: string) => Promise<string | undefined>;

/** For a process that answers each line of its stdin with one of stdout. */
export function asking(child: {
  readonly stdin: Writable;
  readonly stdout: Readable;
}): Ask {
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  return async (line) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await answers.next();
    return done === true ? undefined : value;
  };
}
