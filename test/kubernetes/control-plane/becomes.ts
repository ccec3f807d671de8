import { until } from "../../support/until.ts";

/**
 * Waits until what is looked for is as wanted, as JSON; a look that fails is one more that is not.
 *
 * @param log of who is waited for, for whoever reads of a failure
 */
export async function becomes(
  look: () => Promise<unknown>,
  wanted: unknown,
  {
    limitSeconds,
    log,
  }: { readonly limitSeconds: number; readonly log: () => string },
): Promise<void> {
  let found: unknown;
  await until(
    async () => {
      found = await look().catch(String);
      return JSON.stringify(found) === JSON.stringify(wanted);
    },
    {
      limitSeconds,
      pauseMs: 300,
      describe: () => `${JSON.stringify(found)}\n${log()}`,
    },
  );
}
