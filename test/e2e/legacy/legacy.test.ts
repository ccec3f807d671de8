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

describe(`a kernel without nf_tables${missing === undefined ? "" : `: ${missing}`}`, () => {
  play(join(import.meta.dirname, "legacy.scene.ts"), names, {
    missing,
    modules: LEGACY_MODULES,
  });
});
