import { hash } from "node:crypto";
import { type FileRules, readFileChecked } from "./file.ts";

/** What was made of a file's text. */
export interface Made {
  /** Whether it was made of this text. */
  readonly isOf: (text: string) => boolean;
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
  make: (text: string, isOf: Made["isOf"]) => Value,
): Value {
  const text = readFileChecked(path, rules);
  return known?.isOf(text) === true ? known : make(text, knows(text));
}

/**
 * By the text, until it is asked; by its digest from then on, which is all that is kept. A process of one call never asks: to
 * load Node's crypto takes as long as a tenth of an ADD.
 */
function knows(first: string): Made["isOf"] {
  let text: string | undefined = first;
  let digest = "";
  return (other) => {
    if (text !== undefined) digest = hash("sha256", text);
    text = undefined;
    return hash("sha256", other) === digest;
  };
}
