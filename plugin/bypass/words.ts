import type { Bypass } from "./bypass.ts";

/** A bypass as a line for an admin. */
export function bypassLine({ severity, sentence }: Bypass): string {
  return `${severity === "open" ? "Open" : "Warning"}: ${sentence}`;
}
