import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** A /run/crosslink and a /var/lib/crosslink of one node's own, empty at first. */
export interface OwnState extends Disposable {
  /** The option of nsenter by which a program sees them. */
  readonly option: string;
}

/**
 * Nodes of one test machine would else share one lock, and what one remembers the next would not write again. Namespaces
 * that come and go still do so inside.
 *
 * A process keeps them, for as long as the test lives. A file could, too, but some kernels number namespaces by processor,
 * and then take one made later for one that may not be mounted here.
 */
export function ownState(): OwnState {
  const keeper = keepMounts();
  return {
    option: `--mount=/proc/${keeper.pid}/ns/mnt`,
    [Symbol.dispose]: () => {
      keeper.kill();
    },
  };
}

function keepMounts(): ChildProcess {
  const script = `
    mkdir -p -m 700 /run/crosslink /var/lib/crosslink
    mount -t tmpfs -o mode=700 none /run/crosslink
    mount -t tmpfs -o mode=700 none /var/lib/crosslink
    exec cat`;
  const keeper = spawn(
    "unshare",
    ["--mount", "--propagation=slave", "sh", "-ec", script],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  const isReady = (): boolean =>
    readFileSync(`/proc/${keeper.pid}/comm`, "utf8") === "cat\n";
  for (let tries = 0; !isReady(); tries++) {
    if (tries === 2000) throw new Error("The node's mounts were not made");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  return keeper;
}
