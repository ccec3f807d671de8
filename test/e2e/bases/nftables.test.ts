import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Fact, factsOf } from "../support/facts.ts";
import { scenesMissing } from "../support/kernel.ts";
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
  let facts: ReadonlyMap<string, Fact>;

  beforeAll(async () => {
    if (missing !== undefined) return;
    facts = await factsOf(join(import.meta.dirname, "nftables.scene.ts"));
  });

  test.skipIf(missing !== undefined).each(names)("%s", (name) => {
    expect(facts.get(name)).toMatchObject({ held: true });
  });
});
