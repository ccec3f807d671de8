import { beforeAll, expect, test } from "vitest";
import { type Fact, factsOf } from "./facts.ts";
import type { SceneOptions } from "./kernel.ts";

/** How a scene is played. */
interface Stage extends SceneOptions {
  /** Why it cannot be played here. */
  readonly missing: string | undefined;
}

const NOT_FOUND: Fact = { held: false, evidence: "the scene did not look" };

/** In a describe(): plays a scene once, with one test for each fact that it must find. */
export function play(
  script: string,
  names: readonly string[],
  { missing, ...options }: Stage,
): void {
  let facts: ReadonlyMap<string, Fact>;

  beforeAll(async () => {
    if (missing === undefined) facts = await factsOf(script, options);
  });

  test.skipIf(missing !== undefined).each(names)("%s", (name) => {
    const { held, evidence } = facts.get(name) ?? NOT_FOUND;
    expect(held, evidence).toBe(true);
  });
}
