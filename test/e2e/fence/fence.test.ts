import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Fact, factsOf } from "../support/facts.ts";
import { scenesMissing } from "../support/kernel.ts";

const missing = scenesMissing();

/** What an admin breaks, and what ADD answers then. */
const damages = {
  "nothing else": "adds",
  "the other cluster's file gone": "adds",
  "the other cluster's file broken": "refuses",
  "the other cluster's file empty": "refuses",
  "the folder emptied": "refuses",
  "no keyring": "refuses",
  "a keyring that others can read": "refuses",
  "a broken keyring": "refuses",
  "the node's address changed": "refuses",
};

const control = "with both layers gone at once, clear text is seen";

/** Scene by scene, what it must find. */
const scenes = {
  damages: [
    ...Object.entries(damages).flatMap(([name, answer]) => [
      `${name}: no clear text, whichever layer goes`,
      `${name}: each ADD ${answer}`,
      `${name}: mended, pods talk again`,
    ]),
    control,
  ],
  races: [
    "two ADDs race while a file comes and goes: nothing leaves in clear text",
    "two ADDs race while a file comes and goes: both layers name every cluster after each",
    "a rotation, and a layer gone in between: no clear text",
    ...["all of the kernel's state lost", "a reboot"].flatMap((name) => [
      `${name}, and a folder that cannot be read: no clear text`,
      `${name}: with the folder back pods talk`,
    ]),
    control,
  ],
};

describe.each(Object.entries(scenes))(
  `%s, ${missing ?? "under constant traffic"}`,
  (scene, names) => {
    let facts: ReadonlyMap<string, Fact>;

    beforeAll(async () => {
      if (missing !== undefined) return;
      facts = await factsOf(join(import.meta.dirname, `${scene}.scene.ts`));
    });

    test.skipIf(missing !== undefined).each(names)("%s", (name) => {
      expect(facts.get(name)).toMatchObject({ held: true });
    });
  },
);
