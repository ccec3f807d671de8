import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";
import { calico } from "./calico.ts";
import { flannel } from "./flannel.ts";
import { globalrouter } from "./globalrouter.ts";
import { bridge, bridgeWithoutMasquerade, ptp } from "./reference.ts";

const missing = scenesMissing();

const bases = [
  ptp,
  bridge,
  bridgeWithoutMasquerade,
  flannel,
  calico,
  globalrouter,
];

/** What holds for each of them. */
const forEach = [
  "ADD connects its pods",
  "a pod reaches a remote pod",
  "a remote pod reaches a pod",
  "pods of one node reach each other",
  "a pod reaches the internet",
  "the internet sees the node's address",
  "who asks a pod asks with its own address",
  "CHECK finds nothing missing",
  "DEL leaves nothing of the pod",
  "a second ADD connects it again",
  "it reaches a remote pod again",
];

const names = [
  ...bases.flatMap(({ name }) => forEach.map((fact) => `${name}: ${fact}`)),
  ...[ptp, flannel, calico, globalrouter].map(
    ({ name }) =>
      `${name}: the plan says where the pod CIDR is from, and has nothing to do`,
  ),
  "calico: where its hook is first again, pods reach remote ones all the same",
  "calico: status has nothing to declare then",
  "calico: with IPPools for the remote networks, pods reach them",
  "nothing of a pod leaves a node in clear text",
];

describe(`clusters of six base CNIs in one mesh${missing === undefined ? "" : `: ${missing}`}`, () => {
  play(join(import.meta.dirname, "bases.scene.ts"), names, { missing });
});
