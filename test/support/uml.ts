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

const KERNEL = "/usr/bin/linux.uml";
const INIT = join(import.meta.dirname, "uml-init.sh");
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

/** The reason why no guest can run on this machine, or undefined when one can. */
export function umlMissing(): string | undefined {
  return existsSync(KERNEL)
    ? undefined
    : `${KERNEL} is missing: apt-get install user-mode-linux kmod`;
}

/**
 * Runs a command in User Mode Linux: a kernel of its own, with real ESP, over the host's files.
 * The guest sees every file of the host, may write anywhere and changes nothing, save in the
 * folder `$EXCHANGE`, which host and guest share. It has one CPU and no network but what it
 * makes. Throws when the guest dies or does not end in time.
 */
export async function runInUml(guest: Guest): Promise<GuestResult> {
  const exchange = mkdtempSync(join(tmpdir(), "uml-"));
  try {
    writeFileSync(join(exchange, "command"), commandFile(guest, exchange));
    writeFileSync(join(exchange, "modules"), modulesFile(guest));
    const console = await boot(guest, exchange);
    guest.onExit?.(exchange);
    return { status: readStatus(exchange, console), output: console.output };
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
function boot(guest: Guest, exchange: string): Promise<Console> {
  const seconds = guest.timeoutSeconds ?? 120;
  const screen = readConsole(exchange, guest.onOutput);
  // The kernel is several processes of the host: a group of their own lets one signal end all.
  const child = spawn(KERNEL, bootOptions(guest, exchange, seconds), {
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

function bootOptions(
  guest: Guest,
  exchange: string,
  seconds: number,
): string[] {
  return [
    `mem=${guest.memoryMegabytes ?? 512}M`,
    "rootfstype=hostfs",
    "ro",
    `init=${INIT}`,
    `exchange=${exchange}`,
    `seconds=${seconds}`,
    `uml_dir=${exchange}/`,
    "umid=guest",
    "con=null",
    "con0=fd:0,fd:1",
    "quiet",
    "panic=1",
  ];
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

function readStatus(exchange: string, console: Console): number {
  const file = join(exchange, "status");
  if (!existsSync(file))
    throw unfinished("it took too long, or the kernel stopped", console);
  return Number(readFileSync(file, "utf8"));
}

function unfinished(reason: string, { boot, output, rest }: Console): Error {
  return new Error(
    `Cannot finish the command in User Mode Linux: ${reason}; its console:\n${boot}${output}${rest}`,
  );
}
