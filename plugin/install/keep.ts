import { join } from "node:path";
import { findConflist } from "./choice.ts";
import { isReadable, keepEntry } from "./conflists.ts";

/** What looking after a conflist came to. */
export interface Kept {
  /** The conflist, where it was changed. */
  readonly changed?: string;
  /** The text of crosslink's entry as it is there now; undefined where there is no conflist yet. */
  readonly entry?: string;
}

/** The conflist that the runtime uses: the first of a folder, unless it is named. */
export interface ConflistPlace {
  readonly folder: string;
  readonly name?: string;
}

/**
 * Makes crosslink the last plugin of the conflist that the runtime uses, and leaves it there once. Where there is no
 * conflist it makes none: a runtime would take it for the node's network, and start pods without any.
 *
 * @param entry what the admin had there before, which comes back word by word
 * @throws CniError where the conflist cannot be changed
 */
export function keepLast(
  { folder, name }: ConflistPlace,
  entry?: string,
): Kept {
  const conflist =
    name === undefined
      ? findConflist(folder)
      : [join(folder, name)].find(isReadable);
  if (conflist === undefined) return {};
  const kept = keepEntry(conflist, entry);
  return { entry: kept.entry, ...(kept.isChanged && { changed: conflist }) };
}
