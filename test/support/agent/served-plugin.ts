import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileLauncher } from "../../../.build/launcher.ts";

/** A plugin whose calls an agent serves, one agent in each network namespace that it is called in. */
export interface ServedPlugin extends Disposable {
  /** What a runtime would start: the launcher, told which agent is its namespace's. */
  readonly file: string;
  /** Shell script that starts a namespace's agent, and returns once it serves. */
  readonly start: string;
  /** The commands that came to the full binary instead, one of each. */
  readonly unserved: () => string[];
}

const dist = new URL("../../../dist/", import.meta.url).pathname;

/** The namespace that a shell runs in: a name for its agent's folder. */
const NETWORK = "$(stat -Lc %i /proc/self/ns/net)";

/** Makes a folder with the launcher and, beside it, dist's binary of that name as the full one, which notes when it runs. */
export function servedPlugin(
  name: "crosslink" | "crosslink-ipam",
  agentOptions: string,
): ServedPlugin {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-served-"));
  const [agents, programs, calls] = ["agents", "programs", "calls"].map(
    (each) => join(folder, each),
  ) as [string, string, string];
  for (const each of [agents, programs]) mkdirSync(each, { mode: 0o700 });
  compileLauncher(join(programs, "launcher"));
  copyFileSync(join(programs, "launcher"), join(programs, name));
  const run = `${agents}/${NETWORK}`;
  script(join(programs, "crosslink.full"), [
    `echo "$CNI_COMMAND" >>${calls}`,
    `exec ${dist}${name} "$@"`,
  ]);
  const file = script(join(folder, name), [
    `export CROSSLINK_AGENT=${run}/agent.sock`,
    `exec ${programs}/${name}`,
  ]);
  return {
    file,
    start: `
      run=${run} line=
      rm -rf $run # of a namespace that is gone: the kernel gives its number anew
      mkdir -m 700 $run
      mkfifo $run/said
      ${dist}crosslink agent ${agentOptions} --socket $run/agent.sock </dev/null >$run/said 2>&1 &
      exec 9<$run/said
      until [[ $line == *"the agent is ready"* ]]; do read -r line <&9; done
      cat <&9 >$run/log 2>&1 &`,
    unserved: () =>
      existsSync(calls)
        ? [...new Set(readFileSync(calls, "utf8").split("\n"))].filter(Boolean)
        : [],
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

function script(path: string, lines: readonly string[]): string {
  writeFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
  return path;
}
