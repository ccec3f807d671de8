/**
 * `npm run demo`: chooses the kernel by looking, says which, builds, and plays the scene there. Exit 0 only if all of it
 * held.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { espMissing, runScene, scenesMissing } from "../support/kernel.ts";

/** As a shell tells of SIGKILL, which ends a scene that takes too long. */
const KILLED = 137;

process.exitCode = await demo();

async function demo(): Promise<number> {
  console.log(
    "\n  crosslink demo: a pod in one cluster reaches a pod in another, encrypted, over the internet\n",
  );
  const here = espMissing();
  if (here === undefined) {
    console.log("  kernel    this machine's own: it has ESP and GCM");
  } else {
    const there = scenesMissing();
    if (there !== undefined) {
      console.error(`Cannot encrypt on this kernel: ${here}; and ${there}`);
      return 1;
    }
    console.log(`  kernel    a guest's, over this machine's files: this machine's own kernel has no ESP with GCM (it said "${here}").
            All is real there but the speed: where it is emulated, a program starts ten times slower.`);
  }
  const scene = join(import.meta.dirname, "scene.ts");
  const { status, seconds } = await runScene([scene], {
    onOutput: (text) => process.stdout.write(text),
    needed: build(),
  });
  if (status === KILLED)
    console.error(
      `Cannot finish the demo: it was ended after ${seconds.toFixed(0)} s. A machine that has nothing else to do needs one minute: try again when it has less`,
    );
  return status;
}

/** By a process of its own: esbuild and pkg are in nobody's way then, who waits for a guest to boot. */
async function build(): Promise<void> {
  const script = join(import.meta.dirname, "../../../.build/build.ts");
  const stdio = ["ignore", "inherit", "inherit"] as const;
  const child = spawn(process.execPath, [script], { stdio: [...stdio] });
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0)
    throw new Error(
      `Cannot build crosslink: .build/build.ts ended with ${status ?? "a signal"}; what it printed above says why`,
    );
}
