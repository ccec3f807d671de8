import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { ROTATION, type RotationStep } from "../../support/rotation.ts";
import type { Stage } from "./stage.ts";

/** Rotates the keys of both nodes, as an admin does by hand; `before` each step something else may be done. */
export async function rotate(
  { sides, world }: Pick<Stage, "sides" | "world">,
  before: (step: RotationStep) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const [{ node: one }, { node: two }] = sides;
  for (const step of ROTATION) {
    await before(step);
    await crosslinkOn(one, "keygen", step);
    await mustRunIn(one.namespace, "cp", "-p", one.keyring, two.folder);
    for (const node of world.nodes) await crosslinkOn(node, "apply");
  }
}
