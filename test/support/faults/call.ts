import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cniEnvironment, binary, SYSTEM_PATH } from "../binary.ts";
import { ownFiles } from "../node-files.ts";
import { configuration, type FaultPod, type FaultSite } from "./site.ts";

/** One call of the built binary on a site's node. */
export interface BinaryCall {
  /** A CNI command, or the words of a command line. */
  readonly command: string | readonly string[];
  readonly pod?: FaultPod;
  /** Keys of the configuration that differ, or all of stdin. */
  readonly config?: object | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  /** Words before the program: `strace …`, `setpriv …`. */
  readonly through?: readonly string[];
  /** Whether to watch its memory. */
  readonly watched?: boolean;
  /** When it is ended, in milliseconds; 20 s where left out: alone, nothing of ours takes as long. */
  readonly limitMs?: number;
}

/** How a call ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  /** The most memory that it was seen to hold, in megabytes: looked at every 5 ms, where the call asks for it; else 0. */
  readonly peakMegabytes: number;
  /** The object on stdout; undefined where stdout is empty, or holds something else. */
  readonly answer: Answer | undefined;
}

/** A result, or an error object. */
export interface Answer {
  readonly cniVersion?: string;
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
  readonly [key: string]: unknown;
}

/** Why the binary cannot be called; undefined where it can. */
export function requireBinary(): void {
  if (!existsSync(binary))
    throw new Error(`Cannot find "${binary}": run npm run build`);
}

/** What the program is given: the words of a command line, or stdin; and the environment. */
export interface Given {
  readonly words: readonly string[];
  readonly stdin: Buffer;
  readonly environment: NodeJS.ProcessEnv;
}

/** A call as the program sees it. */
export function given(site: FaultSite, call: BinaryCall): Given {
  const isCni = typeof call.command === "string";
  return {
    words: isCni
      ? []
      : [...call.command, ...ownFiles(call.command[0], site, "node1")],
    stdin: isCni ? stdinOf(site, call) : Buffer.alloc(0),
    environment: { ...environmentOf(call), ...call.environment },
  };
}

/** Runs the binary on the node, as a runtime or an admin would. */
export function callBinary(site: FaultSite, call: BinaryCall): Promise<Ended> {
  const { words, stdin, environment } = given(site, call);
  const [nsenter, ...where] = site.inside;
  const child = spawn(
    nsenter!,
    [...where, ...(call.through ?? []), binary, ...words],
    {
      env: environment,
      timeout: call.limitMs ?? 20_000,
      killSignal: "SIGKILL",
    },
  );
  // Who fails early closes its stdin before it has read all of it.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const started = performance.now();
  const memory = call.watched === true ? watchMemory(child.pid) : undefined;
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => stdout.push(part));
  child.stderr.on("data", (part: Buffer) => stderr.push(part));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      const text = Buffer.concat(stdout).toString();
      resolve({
        exitCode,
        signal,
        stdout: text,
        stderr: Buffer.concat(stderr).toString(),
        milliseconds: performance.now() - started,
        peakMegabytes: memory?.stop() ?? 0,
        answer: parseAnswer(text),
      });
    });
  });
}

/** Whether a call ended as the specification has it: an exit code, and an object on stdout or nothing. */
export function isOrderly({ exitCode, stdout, answer }: Ended): boolean {
  if (exitCode === 0) return stdout === "" || answer !== undefined;
  return (
    exitCode === 1 &&
    typeof answer?.code === "number" &&
    typeof answer.msg === "string" &&
    typeof answer.cniVersion === "string"
  );
}

/** VmHWM of /proc/PID/status only grows, so that a look every now and then is enough. */
function watchMemory(pid: number | undefined): { stop(): number } {
  let peak = 0;
  const look = (): void => {
    const file = `/proc/${pid}/status`;
    const status = existsSync(file) ? readFileSync(file, "utf8") : "";
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
    peak = Math.max(peak, Number(kilobytes ?? 0) / 1024);
  };
  const timer = setInterval(look, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

function environmentOf({ command, pod }: BinaryCall): NodeJS.ProcessEnv {
  const path = { PATH: SYSTEM_PATH };
  if (typeof command !== "string") return path;
  return {
    ...path,
    ...cniEnvironment(command, {
      containerId: pod?.containerId ?? "",
      netns: pod?.path ?? "",
    }),
    ...(pod === undefined ? { CNI_IFNAME: "" } : {}),
  };
}

function stdinOf(site: FaultSite, { pod, config }: BinaryCall): Buffer {
  if (config instanceof Buffer) return config;
  return Buffer.from(JSON.stringify(configuration(site, pod, config)));
}

/** The object that a text is; undefined for anything else. */
export function parseAnswer(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Answer)
      : undefined;
  } catch {
    return undefined; // the text itself is in the outcome
  }
}
