/**
 * What a notification means for what the agent knows of its node: "harm": something of ours may be
 * gone, so that the next call has to look for itself; "change": the node's surroundings changed, so
 * that the agent looks soon.
 */
export type Effect = "harm" | "change" | "nothing";

/** The worst of several; looks at all of them, so that a queue is read to its end. */
export function worst(effects: Iterable<Effect>): Effect {
  const found = new Set(effects);
  if (found.has("harm")) return "harm";
  return found.has("change") ? "change" : "nothing";
}
