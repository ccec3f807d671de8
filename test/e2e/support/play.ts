import { beforeAll, expect, test } from "vitest";
import { type Fact, factsOf } from "./facts.ts";
import type { SceneOptions } from "./kernel.ts";

/** How a scene is played. */
interface Stage extends SceneOptions {
  /** Why it cannot be played here. */
  readonly missing: string | undefined;
  /** Why it cannot look for one of its facts here; undefined where it can. */
  readonly lacking?: (name: string) => string | undefined;
}

const NOT_FOUND: Fact = { held: false, evidence: "the scene did not look" };

/** In a describe(): plays a scene once, with one test for each fact that it must find. */
export function play(
  script: string,
  names: readonly string[],
  { missing, lacking = () => undefined, ...options }: Stage,
): void {
  let facts: ReadonlyMap<string, Fact>;

  beforeAll(async () => {
    if (missing === undefined) facts = await factsOf(script, options);
  });

  for (const name of names) {
    const lack = lacking(name);
    const title = lack === undefined ? name : `${name} (${lack})`;
    test.skipIf((missing ?? lack) !== undefined)(title, () => {
      const { held, evidence } = facts.get(name) ?? NOT_FOUND;
      expect(held, evidence).toBe(true);
    });
  }
}
