/** How many pings went out, and how many answers came. */
export interface Pinged {
  readonly sent: number;
  readonly received: number;
  /** Numbers of those without an answer, but for a last second's, whose answers may have been on their way. */
  readonly lost: readonly number[];
}

/** Reads what `ping -O` said until it was interrupted. Throws when it did not count: then nothing was sent. */
export function pinged(output: string, perSecond: number): Pinged {
  const [, sent, received] =
    /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  if (sent === undefined || received === undefined)
    throw new Error(`Cannot count pings: "${output}"`);
  return {
    sent: Number(sent),
    received: Number(received),
    lost: lostOf(output, Number(sent), perSecond),
  };
}

function lostOf(output: string, sent: number, perSecond: number): number[] {
  const answered = new Set(
    [...output.matchAll(/icmp_seq=(\d+) ttl=/gu)].map(([, number]) =>
      Number(number),
    ),
  );
  const last = Math.max(sent - perSecond, ...answered);
  return Array.from(
    { length: Math.min(sent, last) },
    (_, index) => index + 1,
  ).filter((number) => !answered.has(number));
}
