/** How our rules in chains of others end. */
export type Verdict = "RETURN" | "ACCEPT";

/** What tells two rules apart besides their networks' bytes. */
export function pairRest(rule: {
  readonly prefixes: readonly [number, number];
  readonly sparesMarked: boolean;
  readonly verdict: Verdict;
}): string {
  const { prefixes, sparesMarked, verdict } = rule;
  return `${prefixes.join(" ")} ${sparesMarked} ${verdict}`;
}
