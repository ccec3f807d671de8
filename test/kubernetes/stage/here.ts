import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { removeGroups, TEST_GROUP } from "../../support/control-groups.ts";
import type { Booted } from "./guest.ts";

const NAMESPACES = ["--mount", "--net", "--pid", "--uts", "--ipc"];

/** Runs a command on this machine's own kernel, in namespaces and over files of its own: as in a guest, but for the kernel. */
export function bootHere(command: readonly string[]): Booted {
  const script = join(import.meta.dirname, "here.sh");
  const child = spawn(
    "setpriv",
    [
      // Where the tests are killed, the kernel ends all of it.
      ...["--pdeathsig", "KILL", "unshare", ...NAMESPACES],
      ...["--fork", "--kill-child", "bash", script, ...command],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  return {
    // What node/groups.sh has made.
    ended: outputOf(child).finally(() => {
      removeGroups(TEST_GROUP);
    }),
    end: () => child.kill("SIGKILL"),
  };
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code, signal] = (await once(child, "exit")) as [number | null, string];
  return `${output}\nended by ${code ?? signal}`;
}
