import { readFileSync } from "node:fs";
import {
  type Binding,
  redirectingHelpers,
  type RedirectingHelpers,
  redirects,
} from "../../native/index.ts";

const SYMBOLS_FILE = "/proc/kallsyms";

/** Tells by its id whether a program redirects; undefined where that cannot be told. */
export type ProgramVerdict = (id: number | undefined) => boolean | undefined;

/** Ids are not used again soon, but programs come and go with pods. */
const MOST_KNOWN = 1_000;

/**
 * Looks at each program once. The kernel's symbols are read where there is a program at all, which takes a fifth of a second: whoever
 * looks again and again keeps this.
 */
export function programVerdicts(binding: Binding): ProgramVerdict {
  const known = new Map<number, boolean | undefined>();
  let helpers: { readonly found: RedirectingHelpers | undefined } | undefined;
  return (id) => {
    if (id === undefined) return undefined;
    if (known.has(id)) return known.get(id);
    helpers ??= { found: redirectingHelpers(readSymbols()) };
    const { found } = helpers;
    const verdict =
      found === undefined ? undefined : redirects(binding, id, found);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(id, verdict);
    return verdict;
  };
}

/** A kernel without the file, or a sandbox that hides it, tells nothing. */
function readSymbols(): string {
  try {
    return readFileSync(SYMBOLS_FILE, "latin1");
  } catch {
    return "";
  }
}
