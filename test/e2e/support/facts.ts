import { basename, dirname } from "node:path";
import type { Ended } from "../../support/guest/lane.ts";
import { runScene, type SceneOptions } from "./kernel.ts";

/** Something that a scene found out. */
export interface Fact {
  readonly held: boolean;
  /** What it saw, for whoever reads of a failure. */
  readonly evidence: string;
}

const mark = "fact ";

/** Called in a scene: tells the test that waits outside what was found. */
export function tell(
  name: string,
  held: boolean,
  evidence: unknown = "",
): void {
  const text =
    typeof evidence === "string" ? evidence : JSON.stringify(evidence);
  console.log(mark + JSON.stringify([name, { held, evidence: text }]));
}

/**
 * Called in a test: plays a scene where ESP is, and gives what it found by name; says how long that took. Throws when the
 * scene breaks off.
 */
export async function factsOf(
  script: string,
  options: SceneOptions = {},
): Promise<ReadonlyMap<string, Fact>> {
  const scene = await runScene([script], options);
  console.log(
    `scene ${basename(dirname(script))}/${basename(script, ".scene.ts")}: ${scene.seconds.toFixed(0)} s`,
  );
  return readFacts(scene);
}

/** What a scene found, by name. Throws when it broke off. */
function readFacts({
  status,
  output,
  seconds,
}: Ended): ReadonlyMap<string, Fact> {
  if (status !== 0)
    throw new Error(
      `Cannot finish the scene: exit code ${status} after ${seconds.toFixed(0)} s:\n${output}`,
    );
  const lines = output.split("\n").filter((line) => line.startsWith(mark));
  return new Map(
    lines.map((line) => JSON.parse(line.slice(mark.length)) as [string, Fact]),
  );
}
