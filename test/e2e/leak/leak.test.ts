import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();

/** Scene by scene, what it must find. */
const scenes = {
  "coming-and-going": [
    "before the first ADD, leaks are seen",
    "the first ADD blocks before it does anything else",
    "from the first block policies on, nothing leaves in clear text",
    "after the first ADD, pods reach each other",
    "ADD and DEL of other pods leak nothing",
    "ADD and DEL of other pods lose no packet",
    "teardown lifts the block last",
    "until teardown lifts the block, nothing leaves in clear text",
    "teardown leaves no policy",
  ],
  changes: [
    "packets to a silent cluster are not answered, nor once its file has gone",
    "a cluster file that comes and goes leaks nothing",
    "a cluster file that comes and goes loses no packet",
    "a cluster file that goes takes its tunnels along, and leaves its fence",
    "forget takes the fence of a cluster whose file has gone",
    "a rotation of keys leaks nothing",
    "a rotation of keys loses no packet",
    "a rotation of keys replaces every SA",
  ],
  faults: [
    "a missing SA leaks nothing",
    "a missing SA drops every packet",
    "the next ADD brings the SA back",
    "a MASQUERADE rule put before ours leaks nothing",
    "apply puts the exemption first again",
  ],
  counters: [
    "an SA that was flushed goes on, beyond what it had sent",
    "after flushes no packet is lost",
    "with its note lost once, a node is heard",
    "with its note lost again, a node is heard",
    "an SA that was flushed with its note is another one",
    "status says which generation of its key that is",
    "a counter near its end makes way for the next SA, time and again",
    "a counter near its end loses no packet",
    "a counter near its end leaks nothing",
    "agents make SAs anew by themselves, beyond what was sent",
    "beside agents no packet is lost after that",
    "another secret under an id in use is refused with words, as long as it is there",
    "no SA of the old secret is left, and none of the new one is made",
    "a changed secret leaks nothing",
    "with the secret back, no packet is lost",
    "no number is sent twice under an SPI",
  ],
  repair: [
    "CHECK finds nothing missing after ADD",
    "CHECK names an out policy",
    "CHECK names an in policy",
    "CHECK names a fwd policy",
    "CHECK names a block policy",
    "CHECK names the SAs",
    "CHECK names a RETURN rule",
    "CHECK names proxy-ARP",
    "CHECK names forwarding",
    "ADD brings back each of them",
    "a second ADD changes nothing",
    "ADD after a reboot sets up everything",
    "what others set up stays",
    "teardown removes what is ours, and nothing else",
    "no key is printed, logged or in an error",
    "no key is in a file below /run or /var",
    "metrics count sent bytes and packets as ip does",
    "metrics count received bytes and packets as ip does",
  ],
} as const;

describe.each(Object.entries(scenes))(
  `%s, ${missing ?? "under constant ping"}`,
  (scene, names) => {
    play(join(import.meta.dirname, `${scene}.scene.ts`), names, { missing });
  },
);
