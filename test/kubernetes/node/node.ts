import { join } from "node:path";
import type { Outcome, Stage } from "../stage/stage.ts";

/** What every node's processes find on their PATH, before what a node has besides. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A machine's worth of a node: namespaces, control groups and files in the guest. */
export interface Node {
  readonly name: string;
  readonly address: string;
  /** Runs a command on the node, whatever its outcome. */
  readonly try: (
    command: readonly string[],
    input?: string,
  ) => Promise<Outcome>;
  /** Runs a command on the node; what it printed. Throws where it fails. */
  readonly run: (command: readonly string[], input?: string) => Promise<string>;
  /** Writes a file, by rename. @param mode such as "0600" */
  readonly write: (path: string, text: string, mode?: string) => Promise<void>;
  /** Starts a program that goes on, of which only one runs by that name. */
  readonly start: (daemon: Daemon) => Promise<void>;
}

/** A program that goes on. */
export interface Daemon {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What distinguishes one node from another. */
export interface NodeOptions {
  readonly name: string;
  readonly address: string;
  /** Folders of programs, found before the system's. */
  readonly path: readonly string[];
}

/** A Go program that waits spends an emulated processor on looking for work, unless told otherwise. */
const FRUGAL = {
  GOMAXPROCS: "1",
  GODEBUG: "asyncpreemptoff=1",
  GOGC: "400",
};

const here = import.meta.dirname;

/** Starts a node. */
export async function startNode(
  stage: Stage,
  { name, address, path }: NodeOptions,
): Promise<Node> {
  const boot = ["bash", join(here, "boot.sh"), name, address];
  const leader = (await stage.run(boot)).trim();
  const words = (
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) => [
    ...["nsenter", "-t", leader, "-m", "-n", "-u", "-i", "-p", "-C", "--wd=/"],
    ...["env", `PATH=${[...path, SYSTEM_PATH].join(":")}`, "HOME=/nodes"],
    ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
    ...command,
  ];
  const run: Node["run"] = (command, input) => stage.run(words(command), input);
  return {
    name,
    address,
    try: (command, input) => stage.try(words(command), input),
    run,
    write: async (file, text, mode = "0644") => {
      const script =
        'umask 077; mkdir -p "${1%/*}"; cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"';
      await run(["bash", "-c", script, "bash", file, mode], text);
    },
    start: async ({ name: daemon, command, environment }) => {
      const log = `/nodes/${name}/log/${daemon}`;
      const script = join(here, "daemon.sh");
      await stage.run(
        words(["bash", script, daemon, log, ...command], {
          ...FRUGAL,
          ...environment,
        }),
      );
    },
  };
}
