import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { type Ended, printedBy } from "./binary.ts";
import { patientEnvironment } from "./patience.ts";

/** A network namespace, as `ip netns` knows it. */
export interface Place {
  readonly name: string;
}

/** A network namespace of one test's own. `using` (or `await using`) removes it and whatever is left in it. */
export interface Namespace extends Place, Disposable, AsyncDisposable {
  /** `clt-<pid>-<n>`. */
  readonly name: string;
  readonly path: string;
  /** Open until the namespace is disposed of. */
  readonly fd: number;
  /** Runs a program inside; returns its standard output. Throws an error that holds what it wrote to standard error. */
  exec(program: string, ...args: readonly string[]): string;
  /** Runs a shell script inside, with -e. */
  shell(script: string): string;
  /** Runs a program inside whatever its outcome. */
  try(program: string, ...args: readonly string[]): Ended;
  /** Runs `ip -json …` inside; returns what it printed, [] where that was nothing. */
  ip(...args: readonly string[]): unknown;
}

let made = 0;

/** Makes a network namespace with its loopback device up. Needs root. */
export function namespace(): Namespace {
  const index = made++;
  const name = `clt-${process.pid}-${index}`;
  const path = `/var/run/netns/${name}`;
  if (index === 0) prepareFolder(name);
  const loopback = ["ip", "link", "set", "lo", "up"];
  // What `ip netns add` does, and the loopback device, by one program: hundreds of namespaces are made.
  writeFileSync(path, "");
  execFileSync("unshare", [`--net=${path}`, ...loopback]);
  const fd = openSync(path, "r");
  const run = (program: string, args: readonly string[]) =>
    runInside(name, program, args);
  const exec = (program: string, ...args: readonly string[]) =>
    printedBy(run(program, args), [program, ...args]);
  const dispose = once(() => {
    closeSync(fd);
    removeNamespaces([name]);
  });
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

/** The lines of a shell script that has one `ip` take many commands: starting a program is slow in a guest kernel. */
export function ipBatch(
  inside: Place | undefined,
  commands: readonly string[],
): string {
  const where = inside === undefined ? "" : `-n ${inside.name}`;
  return `ip ${where} -batch - <<'END'\n${commands.join("\n")}\nEND`;
}

/** nsenter rather than `ip netns exec`, which mounts a /sys for the program. */
function runInside(
  name: string,
  program: string,
  args: readonly string[],
): Ended {
  const [inside, ...words] =
    program === "ip"
      ? ["ip", "-n", name]
      : ["nsenter", `--net=/var/run/netns/${name}`, program];
  const ran = spawnSync(inside, [...words, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: patientEnvironment(),
  });
  if (ran.error !== undefined) throw ran.error;
  return ran;
}

/** /run/netns is a mount of its own, which other mounts follow, once `ip` has made a namespace there. */
function prepareFolder(name: string): void {
  execFileSync("ip", ["-batch", "-"], {
    input: `netns add ${name}\nnetns delete ${name}\n`,
  });
}

/** Removes those that are there. */
export function removePlaces(places: readonly Place[]): void {
  const names = places.map(({ name }) => name);
  removeNamespaces(names.filter((name) => existsSync(`/run/netns/${name}`)));
}

/** Whatever still runs inside would keep a namespace alive after its name is gone. */
function removeNamespaces(names: readonly string[]): void {
  const removal = names.map(
    (name) => `netns pids ${name}\nnetns delete ${name}\n`,
  );
  const pids = execFileSync("ip", ["-batch", "-"], {
    input: removal.join(""),
    encoding: "utf8",
  });
  for (const pid of pids.split("\n").filter(Boolean)) kill(Number(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
