import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildAddon } from "../../.build/addon.ts";
import { runProgramInGuest } from "../support/guest/program.ts";
import { type GuestResult, IPSEC_MODULES } from "../support/guest/guest.ts";
import { umlMissing } from "../support/guest/uml.ts";

const missing = umlMissing();

describe.skipIf(missing !== undefined)(
  missing ?? "SAs in a kernel with ESP",
  () => {
    test("the guest's own tests pass", async () => {
      const { status, output } = await runGuest("xfrm-associations.ts");
      expect(output).toMatch(/^ℹ fail 0$/mu);
      expect(output).toMatch(/^ℹ pass 9$/mu);
      expect(status).toBe(0);
    });

    test("missingAlgorithm() names what is missing, module after module", async () => {
      const { output } = await runGuest("xfrm-missing.ts", []);
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

function runGuest(
  script: string,
  modules: readonly string[] = IPSEC_MODULES,
): Promise<GuestResult> {
  buildAddon();
  return runProgramInGuest([join(import.meta.dirname, "guest", script)], {
    modules,
    timeoutSeconds: 200,
  });
}
