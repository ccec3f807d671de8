import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The guest halts itself when its time is over; what still runs this much later is killed. */
const GRACE_SECONDS = 5;

/** What ESP with `rfc4106(gcm(aes))` needs of the kernel, over IPv4 and IPv6, and veth pairs. */
export const IPSEC_MODULES = [
  "esp4",
  "esp6",
  "xfrm_user",
  "gcm",
  "seqiv",
  "veth",
] as const;

/** What to run in a guest, and how long at most. */
export interface Guest {
  readonly command: readonly string[];
  /** The command's whole environment, but for `PATH` and `HOME`, which have defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Kernel modules to load first; `IPSEC_MODULES` unless said otherwise. */
  readonly modules?: readonly string[];
  /** 512 unless said otherwise; files that the guest writes live in it too. */
  readonly memoryMegabytes?: number;
  /** 120 unless said otherwise; the guest is killed then. */
  readonly timeoutSeconds?: number;
  /** Called with the command's output as it comes, line by line. */
  readonly onOutput?: (text: string) => void;
  /** Called with the folder that host and guest share before it is removed. */
  readonly onExit?: (exchange: string) => void;
}

/** How the command ended, and what it wrote to stdout and stderr, in the order it came. */
export interface GuestResult {
  readonly status: number;
  readonly output: string;
}

/** How long a guest may run, and how much memory it has. */
export interface Limits {
  readonly seconds: number;
  readonly megabytes: number;
}

/** A kind of machine that guests run in. */
export interface Machine {
  /** For an error. */
  readonly name: string;
  /**
   * The program that is the machine, and its arguments; whatever it starts is killed with it. In `exchange`, which host
   * and guest share, the guest finds `command` and `modules`, and writes `status` (see uml-init.sh).
   */
  readonly start: (
    exchange: string,
    limits: Limits,
  ) => readonly [string, ...string[]];
}

/**
 * Runs a command on a kernel of its own, over the host's files. The guest sees every file of the host, may write
 * anywhere and changes nothing, save in the folder `$EXCHANGE`, which host and guest share. It has no network but what
 * it makes. Throws when the guest dies or does not end in time.
 */
export async function runGuest(
  machine: Machine,
  guest: Guest,
): Promise<GuestResult> {
  const exchange = mkdtempSync(join(tmpdir(), "guest-"));
  try {
    writeFileSync(join(exchange, "command"), commandFile(guest, exchange));
    writeFileSync(join(exchange, "modules"), modulesFile(guest));
    const console = await boot(machine, guest, exchange);
    guest.onExit?.(exchange);
    const status = readStatus(exchange, machine, console);
    return { status, output: console.output };
  } finally {
    rmSync(exchange, { recursive: true, force: true });
  }
}

function commandFile(guest: Guest, exchange: string): string {
  const environment = {
    PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    ...guest.environment,
    EXCHANGE: exchange,
  };
  const assignments = Object.entries(environment).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [...assignments, ...guest.command, ""].join("\0");
}

function modulesFile(guest: Guest): string {
  return (guest.modules ?? IPSEC_MODULES).map((name) => `${name}\n`).join("");
}

interface Console {
  readonly boot: string;
  readonly output: string;
  readonly rest: string;
}

/** Resolves when the guest has gone, with what its console showed before, during and after the command. */
function boot(
  machine: Machine,
  guest: Guest,
  exchange: string,
): Promise<Console> {
  const { timeoutSeconds: seconds = 120, memoryMegabytes: megabytes = 512 } =
    guest;
  const [program, ...words] = machine.start(exchange, { seconds, megabytes });
  const screen = readConsole(exchange, guest.onOutput);
  // A machine is several processes of the host: a group of their own lets one signal end all.
  const child = spawn(program, words, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const killer = setTimeout(
    () => {
      killGroup(child.pid);
    },
    (seconds + GRACE_SECONDS) * 1000,
  );
  child.stdout.setEncoding("utf8").on("data", screen.add);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(killer);
      resolve(screen.read());
    });
  });
}

function killGroup(leader: number | undefined): void {
  if (leader !== undefined) process.kill(-leader, "SIGKILL");
}

/** Sorts the console's text: the kernel's boot, then between two marks the command's output, passed on line by line. */
function readConsole(exchange: string, onOutput?: (text: string) => void) {
  const marks = [`[start ${exchange}]\n`, `[end ${exchange}]\n`];
  const parts = ["", "", ""];
  let part = 0;
  let pending = "";
  const take = (text: string) => {
    parts[part] += text;
    if (part === 1 && text !== "") onOutput?.(text);
  };
  const add = (text: string) => {
    pending += text;
    for (let end; (end = pending.indexOf("\n") + 1) > 0;) {
      const line = pending.slice(0, end);
      pending = pending.slice(end);
      const mark = marks[part];
      const ends = mark !== undefined && line.endsWith(mark);
      take(ends ? line.slice(0, -mark.length) : line);
      if (ends) part++;
    }
  };
  const read = () => ({
    boot: parts[0] ?? "",
    output: parts[1] ?? "",
    rest: (parts[2] ?? "") + pending,
  });
  return { add, read };
}

function readStatus(
  exchange: string,
  machine: Machine,
  { boot, output, rest }: Console,
): number {
  const file = join(exchange, "status");
  if (existsSync(file)) return Number(readFileSync(file, "utf8"));
  throw new Error(
    `Cannot finish the command in ${machine.name}: it took too long, or the kernel stopped; its console:\n${boot}${output}${rest}`,
  );
}
