/** That a tunnel was asked for, and did not come up so far. */
interface Attempt {
  /** What charon had been told of it: told anew, it is a new matter. */
  readonly told: unknown;
  /** One after the other. */
  readonly times: number;
  readonly notBeforeMs: number;
}

/** By connection. */
export type Attempts = Map<string, Attempt>;

/**
 * Pauses between attempts, in milliseconds: the first, and the longest. What fails at once would else be tried as fast as
 * two charons can talk, with two signatures and a page of log each time.
 */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Whether a tunnel may be asked for now. */
export function mayAttempt(
  attempts: Attempts,
  { name, told, nowMs }: { name: string; told: unknown; nowMs: number },
): boolean {
  const before = attempts.get(name);
  return (
    before === undefined || before.told !== told || nowMs >= before.notBeforeMs
  );
}

/** Notes that it was. */
export function noteAttempt(
  attempts: Attempts,
  { name, told, nowMs }: { name: string; told: unknown; nowMs: number },
): void {
  const before = attempts.get(name);
  const times =
    before !== undefined && before.told === told ? before.times + 1 : 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
  attempts.set(name, { told, times, notBeforeMs: nowMs + pauseMs });
}

/** After how many milliseconds the next of these may be asked for; undefined where none waits. */
export function nextAttempt(
  attempts: Attempts,
  nowMs: number,
): number | undefined {
  const waits = [...attempts.values()]
    .map(({ notBeforeMs }) => notBeforeMs - nowMs)
    .filter((waitMs) => waitMs > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** What is up, or wanted no longer, has no attempts behind it. */
export function forgetAttempts(
  attempts: Attempts,
  { wanted, up }: { wanted: ReadonlyMap<string, unknown>; up: Set<string> },
): void {
  for (const name of attempts.keys())
    if (!wanted.has(name) || up.has(name)) attempts.delete(name);
}
