import { hash } from "node:crypto";
import { type FileRules, readFileChecked } from "./file.ts";

/** What was made of a file's text. */
export interface Made {
  /** Tells the text from every other. */
  readonly digest: string;
}

/**
 * Reads a file, and makes something of its text unless that is what it was. By the text itself, not by times: a file that is
 * written twice within a tick of the kernel's clock looks the same from outside.
 *
 * @throws what reading throws (see `readFileChecked`): the file's owner and mode are looked at each time; what `make` throws
 */
export function madeOf<Value extends Made>(
  { path, rules }: { readonly path: string; readonly rules: FileRules },
  known: Value | undefined,
  make: (text: string, digest: string) => Value,
): Value {
  const text = readFileChecked(path, rules);
  const digest = hash("sha256", text);
  return known?.digest === digest ? known : make(text, digest);
}
