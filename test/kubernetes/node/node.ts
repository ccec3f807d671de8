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
  /** Ends such a program, if it runs: politely at first, by TERM or another signal. It does not come back with a reboot. */
  readonly stop: (name: string, signal?: string) => Promise<void>;
  /** Ends such a program by a signal, such as KILL, and starts it again. */
  readonly restart: (name: string, signal: string) => Promise<void>;
  /** Takes all of the node's processes and kernel state away at once, and starts it again with its files. */
  readonly reboot: () => Promise<void>;
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
  const boot = async () =>
    (await stage.run(["bash", join(here, "boot.sh"), name, address])).trim();
  let leader = await boot();
  const daemons = new Map<string, Daemon>();
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
  const launch = async ({ name: daemon, command, environment }: Daemon) => {
    const log = `/nodes/${name}/log/${daemon}`;
    const whole = ["bash", join(here, "daemon.sh"), daemon, log, ...command];
    await stage.run(words(whole, { ...FRUGAL, ...environment }));
  };
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
    start: async (daemon) => {
      daemons.set(daemon.name, daemon);
      await launch(daemon);
    },
    stop: async (program, signal = "TERM") => {
      daemons.delete(program);
      await run(["bash", "-ec", STOP, program, signal]);
    },
    restart: async (program, signal) => {
      const daemon = daemons.get(program);
      if (daemon === undefined) throw new Error(`No ${program} runs`);
      await run(["bash", "-ec", STOP, program, signal]);
      await launch(daemon);
    },
    reboot: async () => {
      await stage.run(["bash", join(here, "halt.sh"), name, leader]);
      leader = await boot();
      for (const daemon of daemons.values()) await launch(daemon);
    },
  };
}

const STOP = `
  [ -e "/run/$0.pid" ] || exit 0
  process=$(cat "/run/$0.pid")
  kill "-$1" "$process" 2>/dev/null || true
  for ((i = 0; i < 100; i++)); do
    [ -e "/proc/$process" ] || break
    sleep 0.1
  done
  kill -KILL "$process" 2>/dev/null || true
  while [ -e "/proc/$process" ]; do sleep 0.1; done
  rm "/run/$0.pid"`;
