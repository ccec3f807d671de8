import type { Bypass } from "../../bypass/bypass.ts";
import type { Log } from "../../kernel/log.ts";

/** Tells of each bypass once, and once more when it is gone; counts all that are there. */
export function bypassNews(
  log: Log,
  count: (found: readonly Bypass[]) => void,
): (look: () => readonly Bypass[]) => boolean {
  let known: ReadonlySet<string> = new Set();
  let lastTrouble: string | undefined;
  return (look) => {
    try {
      const found = look();
      count(found);
      known = tell(log, known, found);
      lastTrouble = undefined;
      return true;
    } catch (error) {
      // The node itself is looked after elsewhere: whatever keeps us from looking is told there too.
      const trouble = String(error);
      if (trouble !== lastTrouble)
        log("warn", "cannot look for what passes by", { error: trouble });
      lastTrouble = trouble;
      return false;
    }
  };
}

function tell(
  log: Log,
  known: ReadonlySet<string>,
  found: readonly Bypass[],
): ReadonlySet<string> {
  for (const { kind, severity, sentence } of found)
    if (!known.has(sentence))
      log(severity === "open" ? "error" : "warn", sentence, {
        bypass: kind,
        severity,
      });
  const present = new Set(found.map(({ sentence }) => sentence));
  for (const sentence of known)
    if (!present.has(sentence)) log("info", "no more", { bypass: sentence });
  return present;
}
