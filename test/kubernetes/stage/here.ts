import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
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
    ended: outputOf(child).finally(removeGroups),
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

/** What node/groups.sh has made where control groups are of version 1; empty once the last process has gone. */
const REMOVE_GROUPS = `
  for ((i = 0; i < 50; i++)); do
    find /sys/fs/cgroup/*/crosslink-test -depth -type d -exec rmdir {} + 2>/dev/null && exit
    compgen -G "/sys/fs/cgroup/*/crosslink-test" >/dev/null || exit 0
    sleep 0.1
  done`;

function removeGroups(): void {
  execFileSync("bash", ["-c", REMOVE_GROUPS]);
}
