import { afterAll, beforeAll, describe } from "vitest";
import { hereMissing } from "./stage/here-missing.ts";
import { attach } from "./scenes/attach.ts";
import { churn } from "./scenes/churn.ts";
import { cnitool } from "./scenes/cnitool.ts";
import { critest } from "./scenes/critest.ts";
import { daemonset } from "./scenes/daemonset.ts";
import { felix } from "./scenes/felix.ts";
import { ipam } from "./scenes/ipam.ts";
import { services } from "./scenes/services.ts";
import { restart } from "./scenes/restart.ts";
import { status } from "./scenes/status.ts";
import { trouble } from "./scenes/trouble.ts";
import { startWorldHere, type World } from "./world.ts";

const missing = hereMissing();

/** Scenes that need no ESP, on this machine's own kernel: one after the other in the same two clusters. */
describe.skipIf(missing !== undefined)(
  `real kubelets${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await startWorldHere((sentence) => {
        console.log(`kubernetes: ${sentence}`);
      });
    });
    afterAll(() => world?.[Symbol.asyncDispose]());

    const theWorld = (): World => {
      if (world === undefined) throw new Error("There is no world yet");
      return world;
    };
    attach(theWorld);
    services(theWorld);
    felix(theWorld);
    trouble(theWorld);
    restart(theWorld);
    churn(theWorld);
    ipam(theWorld);
    status(theWorld);
    cnitool(theWorld);
    critest(theWorld);
    daemonset(theWorld);
  },
);
