import { afterAll, beforeAll, describe } from "vitest";
import { guestMissing } from "../support/guest/machine.ts";
import { database } from "./scenes/database.ts";
import { joined } from "./scenes/joined.ts";
import { reach } from "./scenes/reach.ts";
import { startWorld, type World } from "./world.ts";

const missing = guestMissing();

/** All scenes play in the same two clusters, one after the other. */
describe.skipIf(missing !== undefined)(
  `two real clusters, flannel and Calico${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await startWorld((sentence) => {
        console.log(`kubernetes: ${sentence}`);
      });
    });
    afterAll(() => world?.[Symbol.asyncDispose]());

    const theWorld = (): World => {
      if (world === undefined) throw new Error("There is no world yet");
      return world;
    };
    reach(theWorld);
    database(theWorld);
    joined(theWorld);
  },
);
