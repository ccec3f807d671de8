/** How soon, how often, and when without being asked. All in milliseconds. */
export interface Pace {
  /** Changes come in bunches: one run serves them all. */
  readonly settle: number;
  /** Shortest time between two runs, however often they are asked for. */
  readonly rest: number;
  /**
   * Which part of the time runs may take, of a processor: what is asked of a busy node must not keep it busy, nor is it put off
   * for what others do there meanwhile. What follows files is no part of it, as long as it looks at what they changed alone:
   * that is wanted, and what is put off piles up.
   */
  readonly share: number;
  /** How much more than their share runs may have taken before they have to wait: a large repair may be needed twice. */
  readonly burst: number;
  /** Which part of the time runs may take that files ask for. */
  readonly following: number;
  /** When to try again after a run that failed. */
  readonly retry: number;
  /** Time without a run after which one comes unasked: for what nobody tells of. */
  readonly sweep: number;
  /** Which part of the time unasked runs may take: a large mesh is swept less often. */
  readonly calm: number;
  /** Longest time without a run, however long one takes. */
  readonly sweepMost: number;
}

/** The agent's pace: a repair within a second, and no spinning beside a program that rewrites rules in a loop. */
export const PACE: Pace = {
  settle: 100,
  rest: 500,
  share: 0.1,
  burst: 15_000,
  following: 2 / 3,
  retry: 5_000,
  sweep: 30_000,
  calm: 0.01,
  sweepMost: 300_000,
};

/** When a run was, and what it took of a processor. Milliseconds. */
export interface Times {
  readonly started: number;
  readonly ended: number;
  readonly cost: number;
}
