import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildAddon } from "../../.build/addon.ts";
import { guestMissing } from "../support/guest/machine.ts";
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
      expect(output.trim().split("\n")).toEqual([
        "xfrm configuration interface",
        "AEAD algorithm rfc4106(gcm(aes))",
        "ESP",
        "IV generator for GCM",
        "nothing",
      ]);
    });
  },
);

function scene(name: string): string {
  return join(import.meta.dirname, "guest", name);
}
