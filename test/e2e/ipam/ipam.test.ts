import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();

describe(`crosslink-ipam under bridge and ptp, crosslink behind it, ${missing ?? "between two clusters"}`, () => {
  play(
    join(import.meta.dirname, "ipam.scene.ts"),
    [
      "each pod has the first address of its node's pod CIDR",
      "CHECK finds nothing missing",
      "bridge to ptp: every byte arrives, from the pod's own address",
      "ptp to bridge: every byte arrives, from the pod's own address",
      "bridged: the internet sees the node",
      "routed: the internet sees the node",
      "DEL gives every address back",
      "nothing leaves in clear text",
    ],
    { missing },
  );
});
