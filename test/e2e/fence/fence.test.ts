import { join } from "node:path";
import { describe } from "vitest";
import { moduleMissing, scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();
const vrfMissing = moduleMissing("vrf");

/** What an admin breaks, and what ADD answers then. */
const damages = {
  "nothing else": "adds",
  "the other cluster's file broken": "refuses",
  "the folder emptied": "refuses",
  "no keyring": "refuses",
  "the node's address changed": "refuses",
};

/** How packets come to leave the node. */
const ways = [
  "a route by a device of IPIP",
  "a route by a device of GRE",
  "pods in a VRF",
];

/** Scene by scene, what it must find. */
const scenes = {
  damages: [
    ...Object.entries(damages).flatMap(([name, answer]) => [
      `${name}: no clear text, whichever layer goes`,
      `${name}: each ADD ${answer}`,
    ]),
    "with all mended, pods talk again",
    "with both layers gone at once, clear text is seen",
  ],
  routing: ways.flatMap((way) => [
    `${way}: no clear text, whichever layer goes`,
    `${way}: with both layers gone clear text is seen`,
  ]),
  races: [
    "two ADDs race while a file comes and goes: nothing leaves in clear text",
    "two ADDs race while a file comes and goes: both layers name every cluster after each",
    "a rotation, and a layer gone in between: no clear text",
    "a reboot: before the first ADD clear text is seen, so it would be later",
    "a reboot, and a folder that cannot be read: no clear text after the first ADD, which refuses",
    "a reboot: with the folder back pods talk",
  ],
};

describe.each(Object.entries(scenes))(
  `%s, ${missing ?? "under constant traffic"}`,
  (scene, names) => {
    play(join(import.meta.dirname, `${scene}.scene.ts`), names, {
      missing,
      lacking: (name) =>
        name.startsWith("pods in a VRF") ? vrfMissing : undefined,
    });
  },
);
