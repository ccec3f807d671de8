import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Fact, factsOf } from "../support/facts.ts";
import { scenesMissing } from "../support/kernel.ts";

const missing = scenesMissing();

describe(`crosslink-ipam under bridge and ptp, crosslink behind it, ${missing ?? "between two clusters"}`, () => {
  let facts: ReadonlyMap<string, Fact>;

  beforeAll(async () => {
    if (missing !== undefined) return;
    facts = await factsOf(join(import.meta.dirname, "ipam.scene.ts"));
  });

  test
    .skipIf(missing !== undefined)
    .each([
      "each pod has the first address of its node's pod CIDR",
      "CHECK finds nothing missing",
      "bridge to ptp: every byte arrives, from the pod's own address",
      "ptp to bridge: every byte arrives, from the pod's own address",
      "bridged: the internet sees the node",
      "routed: the internet sees the node",
      "DEL gives every address back",
      "nothing leaves in clear text",
    ])("%s", (name) => {
    expect(facts.get(name)).toMatchObject({ held: true });
  });
});
