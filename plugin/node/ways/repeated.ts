/** A sentence, and what it has in common with others like it. */
export interface Trouble {
  readonly kind: string;
  readonly sentence: string;
}

/** The first sentence of each kind, with the number of the others: thousands of networks may share one trouble. */
export function firstOfEachKind(troubles: Iterable<Trouble>): string[] {
  const found = new Map<string, { sentence: string; more: number }>();
  for (const { kind, sentence } of troubles) {
    const known = found.get(kind);
    if (known === undefined) found.set(kind, { sentence, more: 0 });
    else known.more++;
  }
  return [...found.values()].map(({ sentence, more }) =>
    more === 0 ? sentence : `${sentence} (${String(more)} more like it)`,
  );
}
