import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";
import { calicoInNftables } from "./calico.ts";
import { flannelInNftables } from "./flannel.ts";
import { east, west } from "./reference.ts";

const missing = scenesMissing();

const forEach = [
  "ADD connects its pods",
  "a pod reaches a remote pod",
  "a remote pod reaches a pod",
  "who asks a pod asks with its own address",
  "a pod reaches the internet",
  "the internet sees the node's address",
  "without crosslink's table, packets are dropped",
];

const names = [
  ...[flannelInNftables, calicoInNftables, east, west].flatMap(({ name }) =>
    forEach.map((fact) => `${name}: ${fact}`),
  ),
  "nothing of a pod leaves a node in clear text",
];

describe(`against masquerade in nf_tables, encrypted${missing === undefined ? "" : `: ${missing}`}`, () => {
  play(join(import.meta.dirname, "nftables.scene.ts"), names, { missing });
});
