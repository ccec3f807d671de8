import { spawn } from "node:child_process";
import { once } from "node:events";
import type { FaultSite } from "./site.ts";

/** Another program on the node that does the same again and again. */
export interface Actor extends Disposable {
  /** Ends it; tells how often it did its deed. Throws where it never did: then nothing was tried. */
  stop(): Promise<number>;
}

/** Repeats a shell script in the node's namespace until it is stopped; a deed that fails is repeated like others. */
export function act(site: FaultSite, script: string): Actor {
  const loop = `while :; do { ${script}\n} >/dev/null 2>&1 && echo done; sleep 0.03; done`;
  const child = spawn(
    "nsenter",
    [`--net=${site.node.path}`, "sh", "-c", loop],
    {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    },
  );
  let deeds = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    deeds += text.split("\n").length - 1;
  });
  const ended = once(child, "close");
  const end = (): void => {
    // The loop and whatever program it is running: a group of their own.
    if ((child.exitCode ?? child.signalCode) === null)
      process.kill(-child.pid!, "SIGKILL");
  };
  return {
    stop: async () => {
      end();
      await ended;
      if (deeds === 0)
        throw new Error(`Cannot act: "${script}" never succeeds`);
      return deeds;
    },
    [Symbol.dispose]: end,
  };
}
