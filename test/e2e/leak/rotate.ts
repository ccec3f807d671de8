import { crosslinkOn, mustRunIn } from "../support/command.ts";
import type { Stage } from "./stage.ts";

/** One step of a rotation: add the key everywhere, make it active everywhere, remove the old one. */
export type RotationStep = "--rotate" | "--activate" | "--retire";

const STEPS: readonly RotationStep[] = ["--rotate", "--activate", "--retire"];

/** Rotates the keys of both nodes, as an admin does by hand; `before` each step something else may be done. */
export async function rotate(
  { sides, world }: Pick<Stage, "sides" | "world">,
  before: (step: RotationStep) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const [{ node: one }, { node: two }] = sides;
  for (const step of STEPS) {
    await before(step);
    await crosslinkOn(one, "keygen", step);
    await mustRunIn(one.namespace, "cp", "-p", one.keyring, two.folder);
    for (const node of world.nodes) await crosslinkOn(node, "apply");
  }
}
