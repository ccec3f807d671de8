import { guardText, type PacketMark } from "../base/mark.ts";

/** How our rules in chains of others end. */
export type Verdict = "RETURN" | "ACCEPT";

/** What tells two rules apart besides their networks' bytes. */
export function pairRest(rule: {
  readonly prefixes: readonly [number, number];
  readonly spares: readonly PacketMark[];
  readonly verdict: Verdict;
}): string {
  const { prefixes, spares, verdict } = rule;
  return [...prefixes, ...spares.map(guardText), verdict].join(" ");
}
