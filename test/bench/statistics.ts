/** What remains of many measurements of one thing. */
export interface Summary {
  readonly median: number;
  readonly p90: number;
  readonly runs: number;
}

/** Throws on an empty list: nothing was measured. */
export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.ceil(share * sorted.length) - 1];
    if (value === undefined)
      throw new RangeError("Cannot summarize no samples");
    return value;
  };
  return { median: at(0.5), p90: at(0.9), runs: sorted.length };
}

/** `12.3 / 15.0`: median and p90, in milliseconds. */
export function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  return `${summary.median.toFixed(1)} / ${summary.p90.toFixed(1)}`;
}
