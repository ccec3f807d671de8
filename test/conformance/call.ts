import { spawn } from "node:child_process";
import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isObject } from "../../cni/configuration.ts";
import type { Namespace } from "../support/namespace.ts";

/** A JSON object that a plugin printed or reads. */
export type Json = Readonly<Record<string, unknown>>;

/** One run of a plugin. */
export interface Call {
  readonly file: string;
  /** The namespace that the plugin takes for the host's. */
  readonly host: Namespace;
  /** The CNI variables; undefined ones are left out. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
}

/** How it ended. */
export interface Answer {
  /** For messages: which command it was. */
  readonly command: string;
  /** Null when a signal ended it, ours after {@link TIMEOUT_SECONDS} among them. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdout holds, if that is one JSON object and nothing else. */
  readonly object?: Json;
}

const TIMEOUT_SECONDS = 30;
/** Nothing is left to do for a plugin that answers VERSION, so this is long. */
const PATIENCE_SECONDS = 10;
let calls = 0;

/** Runs a plugin to its end, whatever that is. */
export async function run(call: Call): Promise<Answer> {
  const stdin = openText(call.stdin);
  try {
    return await ended(call, stdin);
  } finally {
    closeSync(stdin);
  }
}

/** A regular file, since that never blocks its reader, and never its writer. */
function openText(text: string): number {
  const name = `cni-conformance-${process.pid}-${calls++}`;
  const file = `${tmpdir()}/${name}`;
  writeFileSync(file, text, { mode: 0o600 });
  const fd = openSync(file, "r");
  unlinkSync(file);
  return fd;
}

/** Runs a plugin whose stdin stays open and empty. */
export async function runWithOpenStdin(
  call: Omit<Call, "stdin">,
): Promise<Answer> {
  return ended(call, "pipe", PATIENCE_SECONDS);
}

async function ended(
  { file, host, environment }: Omit<Call, "stdin">,
  stdin: number | "pipe",
  seconds = TIMEOUT_SECONDS,
): Promise<Answer> {
  // It mounts that namespace's /sys, too, where plugins look devices up.
  const child = spawn("ip", ["netns", "exec", host.name, file], {
    env: variables(environment),
    stdio: [stdin, "pipe", "pipe"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const object = parseObject(stdout.text);
  return {
    command: environment["CNI_COMMAND"] ?? "(no command)",
    status,
    stdout: stdout.text,
    stderr: stderr.text,
    ...(object && { object }),
  };
}

/** Plugins that run iptables need PATH; everything else of our environment is kept from them. */
function variables(own: Call["environment"]): Record<string, string> {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin" } = process.env;
  const set: Record<string, string> = { PATH };
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) set[name] = value;
  }
  return set;
}

function collect(stream: NodeJS.ReadableStream | null): { text: string } {
  const collected = { text: "" };
  stream?.setEncoding("utf8").on("data", (chunk: string) => {
    collected.text += chunk;
  });
  return collected;
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // whoever wants an object says that there is none
  }
}
