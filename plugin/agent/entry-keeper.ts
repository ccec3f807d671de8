import { toCniError } from "../../cni/translate.ts";
import { type ConflistPlace, keepLast } from "../install/keep.ts";
import type { Log } from "../kernel/log.ts";

/** What it works with. */
export interface EntryOptions {
  readonly keepConflist: boolean;
  readonly conflists: ConflistPlace;
  readonly log: Log;
}

/**
 * Puts crosslink back into the node's conflist as its last plugin: base plugins' installers write their own text over it
 * whenever they start. A pod that starts meanwhile has no crosslink in its chain; upkeep.ts finds it.
 *
 * @returns what looks, and never throws: the node is kept right whatever its conflist is
 */
export function entryKeeper({
  keepConflist,
  conflists,
  log,
}: EntryOptions): () => void {
  if (!keepConflist) return () => undefined;
  let entry: string | undefined;
  let lastTrouble = "";
  return () => {
    try {
      const kept = keepLast(conflists, entry);
      entry = kept.entry ?? entry;
      if (kept.changed !== undefined)
        log(
          "warn",
          `put crosslink back into ${kept.changed} as its last plugin`,
        );
      lastTrouble = "";
    } catch (error) {
      const { message, details } = toCniError(error, "keep the conflist");
      if (message !== lastTrouble) log("warn", message, { details });
      lastTrouble = message;
    }
  };
}
