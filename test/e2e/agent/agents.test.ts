import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();

/** What the scene must find. */
const names = [
  "a rotation loses no packet",
  "a rotation leaks nothing",
  "a rotation is encrypted throughout",
  "TCP during a rotation arrives whole",
  "a rotation replaces every SA on both nodes",
  "the kernel refused no packet during a rotation",
  "pods talk by ESP in UDP",
  "ESP in UDP is all that passes the wire",
  "ESP in UDP leaks nothing",
  "STATUS is content while an agent holds the socket",
  "without its agent a node gets nothing",
  "without its agent a node leaks nothing",
  "STATUS says 50 without an agent, and why",
  "with its agent back a node is reached",
];

describe(`nodes with agents${missing === undefined ? "" : `, ${missing}`}`, () => {
  play(join(import.meta.dirname, "agents.scene.ts"), names, { missing });
});
