/** One step of a rotation: add the key everywhere, make it active everywhere, remove the old one. */
export type RotationStep = "--rotate" | "--activate" | "--retire";

/** All of them, in their order. */
export const ROTATION: readonly RotationStep[] = [
  "--rotate",
  "--activate",
  "--retire",
];
