import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { removeGroups, TEST_GROUP } from "../../../support/control-groups.ts";
import type { Place } from "../../../support/namespace.ts";
import { type Ended, printedBy } from "../../../support/binary.ts";

/**
 * A machine's worth of a node, for daemons: beside its network namespace, mounts and processes of its own. Its /run
 * and /var/lib are empty, so that runtimes keep their default paths and never meet those of this machine. Disposing of
 * it ends every process in it.
 */
export interface RuntimeHost extends AsyncDisposable {
  /** The control group of its pods, below the root of each hierarchy. Goes with the host. */
  readonly group: string;
  /** Runs a program on the host, whatever its outcome. */
  try(program: string, ...args: readonly string[]): Ended;
  /** Runs a program on the host; what it printed. Throws when it fails. */
  exec(program: string, ...args: readonly string[]): string;
  /** Starts a daemon that writes to a log file. */
  start(program: Daemon): void;
  /** Sends a signal to a daemon of this host, and waits for its end. */
  kill(signal: string, pidFile: string): void;
  /** The path by which a file of this host is found from outside, such as a socket in its /run. */
  outside(path: string): string;
}

/** A program that goes on. */
export interface Daemon {
  readonly command: readonly string[];
  readonly log: string;
  readonly pidFile: string;
}

/**
 * Bash, because PID 1 has to reap those whose parents were killed. It lives until its stdin is closed, so that nothing
 * outlives the tests, however they end.
 */
const init = `
  mount -t tmpfs none /run
  mount -t tmpfs none /var/lib
  echo ready
  exec 3<&0
  cat <&3 >/dev/null &
  wait $!`;

/** Fails when the process is still there after 20 s. */
const killing = `
  pid=$(<"$2")
  kill -"$1" "$pid"
  for ((i = 0; i < 400; i++)); do
    [ -e "/proc/$pid" ] || exit 0
    sleep 0.05
  done
  exit 1`;

/** Makes a host over a node's network namespace. Needs root. */
export async function runtimeHost(
  { name }: Place,
  path: string,
): Promise<RuntimeHost> {
  const env = { PATH: path };
  const network = `--net=/run/netns/${name}`;
  const fresh = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const keeper = spawn(
    "nsenter",
    [network, "unshare", ...fresh, "bash", "--norc", "-ec", init],
    { stdio: ["pipe", "pipe", "inherit"], env },
  );
  const ended = once(keeper, "exit");
  await Promise.race([once(keeper.stdout, "data"), ended]);
  if (keeper.exitCode !== null || keeper.pid === undefined)
    throw new Error(`Cannot make a host: exit code ${keeper.exitCode}`);
  const self = `/proc/${keeper.pid}`;
  const inside = [
    `--net=${self}/ns/net`,
    `--mount=${self}/ns/mnt`,
    `--pid=${self}/ns/pid_for_children`,
  ];
  const tryIt = (program: string, ...args: readonly string[]) =>
    spawnSync("nsenter", [...inside, program, ...args], {
      encoding: "utf8",
      env,
    });
  const exec = (program: string, ...args: readonly string[]): string =>
    printedBy(tryIt(program, ...args), [program, ...args, "on", name]);
  const group = `${TEST_GROUP}/${name}`;
  return {
    group,
    try: tryIt,
    exec,
    start: ({ command, log, pidFile }) => {
      const script = 'echo $$ >"$1"; exec >>"$2" 2>&1; shift 2; exec "$@"';
      const words = [
        "bash",
        "--norc",
        "-c",
        script,
        "bash",
        pidFile,
        log,
        ...command,
      ];
      spawn("nsenter", [...inside, ...words], { stdio: "ignore", env });
    },
    kill: (signal, pidFile) => {
      exec("bash", "--norc", "-c", killing, "bash", signal, pidFile);
    },
    outside: (file) => `${self}/root${file}`,
    [Symbol.asyncDispose]: async () => {
      keeper.stdin.end();
      await ended;
      removeGroups(group);
    },
  };
}
