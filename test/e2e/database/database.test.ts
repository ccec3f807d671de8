import { join } from "node:path";
import { describe } from "vitest";
import { scenesMissing } from "../support/kernel.ts";
import { play } from "../support/play.ts";

const missing = scenesMissing();

describe(`MariaDB replicates from cluster to cluster, ${missing ?? "by pods' addresses"}`, () => {
  play(
    join(import.meta.dirname, "database.scene.ts"),
    [
      "1,000 rows arrive, and their checksums are equal",
      "what is written during a rotation of keys arrives",
      "what is written while a node's xfrm is flushed arrives",
      "what is written after a reboot of the primary's node arrives",
      "no SQL passes in clear text",
      "without crosslink SQL is seen in clear text",
    ],
    { missing },
  );
});
