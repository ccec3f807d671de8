import { join } from "node:path";
import { describe } from "vitest";
import { guestMissing } from "../../support/guest/machine.ts";
import { LEGACY_MODULES } from "../../support/guest/modules.ts";
import { play } from "../support/play.ts";

// Whatever this machine's kernel has: nf_tables is what this one must not have.
const missing = guestMissing();

const names = [
  "this kernel has no nf_tables",
  "the fence stands in legacy iptables, both ways",
  "the plan has nothing to do",
  "pods reach each other by ESP",
  "the far pod sees the pod's own address",
  "without a policy nothing leaves in clear text",
  "without a policy nothing is taken that comes in clear text",
  "without the fence, leaks are seen",
  "apply brings all of it back",
  "teardown leaves no rule of ours",
];

const ofLayer = (layer: string): string[] => [
  `${layer} alone: no node sends in clear text`,
  `${layer} alone: a gateway takes nothing that comes in clear text`,
  `${layer} alone: a gateway hands on nothing in clear text that came in`,
  `${layer} alone: a leaf takes and sends nothing in clear text`,
  `${layer} gone as well: clear text is seen, and answered`,
  `${layer}: apply brings all of it back`,
];

const gateways = [
  "a gateway's fence stands in legacy iptables, with its leaves",
  "pods of a leaf and of another cluster reach each other by two legs of ESP",
  "each sees the other's own address",
  ...["rules", "policies"].flatMap(ofLayer),
  "teardown leaves nothing of ours",
];

const scenes = { legacy: names, gateways } as const;

describe.each(Object.entries(scenes))(
  `%s, on a kernel without nf_tables${missing === undefined ? "" : `: ${missing}`}`,
  (scene, facts) => {
    play(join(import.meta.dirname, `${scene}.scene.ts`), facts, {
      missing,
      modules: LEGACY_MODULES,
    });
  },
);
