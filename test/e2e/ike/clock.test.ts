import { join } from "node:path";
import { describe } from "vitest";
import { guestMissing } from "../../support/guest/machine.ts";
import { SCENE_MODULES } from "../../support/guest/modules.ts";
import { play } from "../support/play.ts";
import { charonMissing } from "./programs.ts";

const missing = guestMissing() ?? charonMissing();

// Its clock is set, which no other scene may see.
describe(`clocks, ${missing ?? "under constant ping"}`, () => {
  play(
    join(import.meta.dirname, "clock.scene.ts"),
    [
      ...["14 hours forwards", "24 hours back"].flatMap((jump) => [
        `${jump} costs no packet`,
        `${jump} leaves the SAs`,
        `${jump} leaks nothing`,
      ]),
      "after that keys are renewed as before",
      "a certificate that has expired is named, with whose it is",
      "with it the tunnel ends",
      "a new one at one end alone does not serve",
      "new ones at both ends heal",
      "while certificates come and go nothing leaks",
    ],
    { missing, modules: SCENE_MODULES },
  );
});
