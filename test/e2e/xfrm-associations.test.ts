import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildAddon } from "../../.build/addon.ts";
import { IPSEC_MODULES, runInUml, umlMissing } from "../support/uml.ts";

const missing = umlMissing();

describe.skipIf(missing !== undefined)(
  missing ?? "SAs in a kernel with ESP",
  () => {
    test("the guest's own tests pass", async () => {
      buildAddon();
      const { status, output } = await runInUml({
        command: [
          process.execPath,
          join(import.meta.dirname, "guest/xfrm-associations.ts"),
        ],
        modules: IPSEC_MODULES,
        timeoutSeconds: 200,
      });
      expect(output).toMatch(/^ℹ fail 0$/mu);
      expect(output).toMatch(/^ℹ pass 9$/mu);
      expect(status).toBe(0);
    });
  },
);
