import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildAddon } from "../../.build/addon.ts";
import { guestKernels, guestMissing } from "../support/guest/machine.ts";
import { isBuiltIn } from "../support/guest/modules.ts";
import { runProgramInGuest } from "../support/guest/program.ts";
import { runScene, scenesMissing } from "./support/kernel.ts";

const missing = scenesMissing();

describe.skipIf(missing !== undefined)(
  missing ?? "SAs in a kernel with ESP",
  () => {
    test("its own tests pass there", async () => {
      buildAddon();
      const { status, output } = await runScene([
        scene("xfrm-associations.ts"),
      ]);
      expect(output).toMatch(/^ℹ fail 0$/mu);
      expect(output).toMatch(/^ℹ pass 10$/mu);
      expect(status).toBe(0);
    });
  },
);

const guestless = guestMissing();

describe.skipIf(guestless !== undefined)(
  guestless ?? "SAs in a kernel with no module loaded",
  () => {
    test("missingAlgorithm() names what is missing, module after module", async () => {
      buildAddon();
      const { output } = await runProgramInGuest([scene("xfrm-missing.ts")], {
        modules: [],
        seconds: 300,
      });
      const [kernel = ""] = guestKernels().slice(-1);
      expect(output.trim().split("\n")).toEqual(expectedOf(kernel));
    });
  },
);

/** What an SA lacks, in the order of the kernel's looks, and the module that brings it; the scene loads one after the other. */
const LACKS = [
  ["xfrm configuration interface", "xfrm_user"],
  ["AEAD algorithm rfc4106(gcm(aes))", "gcm"],
  ["ESP", "esp4"],
  ["IV generator for GCM", "seqiv"],
] as const;

/** Before each step of the scene, and after the last; what a kernel has built in is never missing. */
function expectedOf(kernel: string): string[] {
  const lacks = LACKS.map(([name, module]) =>
    isBuiltIn(`/lib/modules/${kernel}`, module) ? undefined : name,
  );
  return [...lacks, undefined].map(
    (_, loaded) =>
      lacks.slice(loaded).find((it) => it !== undefined) ?? "nothing",
  );
}

function scene(name: string): string {
  return join(import.meta.dirname, "guest", name);
}
