/** What remains of many measurements of one thing. */
export interface Summary {
  readonly median: number;
  readonly p90: number;
  readonly runs: number;
}

/** Throws on an empty list: nothing was measured. */
export function summarize(samples: readonly number[]): Summary {
  return {
    median: percentile(samples, 0.5),
    p90: percentile(samples, 0.9),
    runs: samples.length,
  };
}

/** The smallest sample that `share` of all are not above. Throws on an empty list. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(share * sorted.length) - 1];
  if (value === undefined) throw new RangeError("Cannot summarize no samples");
  return value;
}

/** `12.3 / 15.0`: median and p90, in milliseconds. */
export function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  return `${summary.median.toFixed(1)} / ${summary.p90.toFixed(1)}`;
}
