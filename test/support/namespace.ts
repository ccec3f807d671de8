import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** A network namespace of one test's own. `using` (or `await using`) removes it and whatever is left in it. */
export interface Namespace extends Disposable, AsyncDisposable {
  /** As `ip netns` knows it: `clt-<pid>-<n>`. */
  readonly name: string;
  readonly path: string;
  /** Open until the namespace is disposed of. */
  readonly fd: number;
  /** Runs a program inside; returns its standard output. Throws an error that holds what it wrote to standard error. */
  exec(program: string, ...args: readonly string[]): string;
  /** Runs a shell script inside, with -e. */
  shell(script: string): string;
  /** Runs a program inside whatever its outcome. `status` is null when a signal ended it. */
  try(
    program: string,
    ...args: readonly string[]
  ): { status: number | null; stdout: string; stderr: string };
  /** Runs `ip -json …` inside; returns what it printed, [] where that was nothing. */
  ip(...args: readonly string[]): unknown;
}

let made = 0;

/** Makes a network namespace with its loopback device up. Needs root. */
export function namespace(): Namespace {
  const name = `clt-${process.pid}-${made++}`;
  const path = `/var/run/netns/${name}`;
  execFileSync("ip", ["netns", "add", name]);
  const fd = openSync(path, "r");
  const run = (program: string, args: readonly string[]) =>
    runInside(name, program, args);
  const exec = (program: string, ...args: readonly string[]) =>
    orThrow(run(program, args), [program, ...args]);
  const dispose = once(() => {
    closeSync(fd);
    removeNamespace(name);
  });
  exec("ip", "link", "set", "lo", "up");
  return {
    name,
    path,
    fd,
    exec,
    // bash takes Node's pipes for a remote shell's, and would read the ~/.bashrc of whoever runs the tests.
    shell: (script) => exec("bash", "--norc", "-ec", script),
    try: (program, ...args) => run(program, args),
    ip: (...args) =>
      JSON.parse(exec("ip", "-json", ...args) || "[]") as unknown,
    [Symbol.dispose]: dispose,
    [Symbol.asyncDispose]: () => Promise.resolve().then(dispose),
  };
}

/** Joins two namespaces by a veth pair, both ends up, without addresses. */
export function connect(
  a: Namespace,
  aDevice: string,
  b: Namespace,
  bDevice: string,
): void {
  a.exec(
    "ip",
    "link",
    "add",
    aDevice,
    "type",
    "veth",
    "peer",
    "name",
    bDevice,
    "netns",
    b.name,
  );
  a.exec("ip", "link", "set", aDevice, "up");
  b.exec("ip", "link", "set", bDevice, "up");
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runInside(
  name: string,
  program: string,
  args: readonly string[],
): Ran {
  const ran = spawnSync("ip", ["netns", "exec", name, program, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (ran.error !== undefined) throw ran.error;
  return ran;
}

function orThrow(ran: Ran, command: readonly string[]): string {
  if (ran.status === 0) return ran.stdout;
  throw new Error(
    `Cannot run "${command.join(" ")}": exit code ${ran.status}: ${ran.stderr || ran.stdout}`,
  );
}

// Whatever still runs inside would keep the namespace alive after its name is gone.
function removeNamespace(name: string): void {
  const pids = execFileSync("ip", ["netns", "pids", name], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
  for (const pid of pids) spawnSync("kill", ["-KILL", pid]);
  execFileSync("ip", ["netns", "delete", name]);
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
