import type { SpawnSyncReturns } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { type Configuration, describe, isObject } from "./configuration.ts";
import type { Variables } from "./environment.ts";
import { CniError, ErrorCode } from "./error.ts";
import type { Command } from "./version.ts";

/** A call of another plugin, such as an IPAM plugin. */
export interface Delegation {
  /** The plugin's `type`: the name of its file in a folder of `CNI_PATH`. */
  readonly type: string;
  readonly command: Command;
  /** This call's own variables; the delegate gets them with `CNI_COMMAND` replaced. */
  readonly environment: Variables;
  /** What the delegate reads from stdin: the whole configuration (SPEC.md 1.1.0 §4). */
  readonly config: Configuration;
  /** How long it may take; default two minutes, as long as kubelet waits for a sandbox. */
  readonly timeoutMilliseconds?: number;
  /** Gets what the delegate wrote to stderr (SPEC.md 1.1.0 §4 "Delegated plugin execution procedure"). */
  readonly writeStderr?: (text: string) => void;
}

const DEFAULT_TIMEOUT_MILLISECONDS = 120_000;
const OUTPUT_BYTE_LIMIT = 16 * 1024 * 1024;
const BUSY_TRIES = 25;
const BUSY_PAUSE_MILLISECONDS = 200;

/**
 * Runs another plugin and returns its answer: ADD's result and VERSION's answer as the JSON object
 * that it printed, for other commands undefined. The only place in this folder that runs programs.
 *
 * @throws CniError with the delegate's own code, message and details when it printed an error
 *   object; 104 when it isn't there, cannot run or answers nonsense; 11 when it takes too long
 */
export function delegate(call: Delegation): unknown {
  const file = findPlugin(call.type, call.environment["CNI_PATH"] ?? "");
  const ended = execute(file, call);
  if (ended.error !== undefined && !isDeaf(ended)) {
    throw notRun(file, ended.error);
  }
  if (ended.stderr !== "") call.writeStderr?.(ended.stderr);
  if (ended.signal !== null) {
    throw failed(file, call, `it was ended by ${ended.signal}`, ended);
  }
  if (ended.status !== 0) throw reported(file, call, ended);
  return hasAnswer(call.command) ? answerOf(file, call, ended) : undefined;
}

function hasAnswer(command: Command): boolean {
  return command === "ADD" || command === "VERSION";
}

function answerOf(
  file: string,
  call: Delegation,
  ended: SpawnSyncReturns<string>,
): unknown {
  const answer = parseObject(ended.stdout);
  if (answer !== undefined) return answer;
  throw failed(file, call, "it did not print one JSON object", ended);
}

/**
 * The first executable file called `type` in the folders of `path`.
 *
 * @param path folders separated by colons, as in `CNI_PATH`
 * @throws CniError 104 when there is none, or when `type` is not a plain file name
 */
export function findPlugin(type: string, path: string): string {
  if (type === "" || type.includes("/")) {
    throw new CniError(
      ErrorCode.delegate,
      `Cannot find plugin ${describe(type)}: want a file name without "/"`,
    );
  }
  const folders = path.split(":").filter((folder) => folder !== "");
  const file = folders
    .map((folder) => join(folder, type))
    .find(isExecutableFile);
  if (file !== undefined) return file;
  throw new CniError(
    ErrorCode.delegate,
    `Cannot find plugin "${type}": no such executable on CNI_PATH`,
    { details: `CNI_PATH: ${path || "(empty)"}` },
  );
}

function isExecutableFile(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    return false;
  }
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // accessSync says no by throwing
  }
}

/** Tries again while the file is being written: ETXTBSY, as libcni does for five seconds. */
function execute(file: string, call: Delegation): SpawnSyncReturns<string> {
  for (let attempt = 1; ; attempt += 1) {
    const ended = spawn(file, call);
    const busy = codeOf(ended.error) === "ETXTBSY";
    if (!busy || attempt === BUSY_TRIES) return ended;
    const cell = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(cell, 0, 0, BUSY_PAUSE_MILLISECONDS);
  }
}

function spawn(file: string, call: Delegation): SpawnSyncReturns<string> {
  // Loaded here because most calls never delegate, and loading takes milliseconds
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  return spawnSync(file, [], {
    env: { ...call.environment, CNI_COMMAND: call.command },
    input: JSON.stringify(call.config),
    encoding: "utf8",
    timeout: call.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_BYTE_LIMIT,
  });
}

/** EPIPE of a process that ran: it answered before it had read all of a long stdin. */
function isDeaf({ error, pid }: SpawnSyncReturns<string>): boolean {
  return codeOf(error) === "EPIPE" && pid > 0;
}

function notRun(file: string, error: Error): CniError {
  const late = codeOf(error) === "ETIMEDOUT";
  const fact = late ? "it took too long and was killed" : error.message;
  return new CniError(
    late ? ErrorCode.tryAgainLater : ErrorCode.delegate,
    `Cannot run plugin "${file}": ${fact}`,
    { cause: error },
  );
}

/** The delegate's own error object, passed on as it is (SPEC.md 1.1.0 §4 "Delegated plugin execution procedure"). */
function reported(
  file: string,
  call: Delegation,
  ended: SpawnSyncReturns<string>,
): CniError {
  const { code, msg, details } = parseObject(ended.stdout) ?? {};
  if (Number.isSafeInteger(code) && typeof msg === "string") {
    return new CniError(code as number, msg, {
      details: typeof details === "string" ? details : undefined,
    });
  }
  return failed(file, call, `exit code ${String(ended.status)}`, ended);
}

function failed(
  file: string,
  { command }: Delegation,
  fact: string,
  { stdout, stderr }: SpawnSyncReturns<string>,
): CniError {
  const quote = (text: string): string => JSON.stringify(text.slice(0, 1000));
  return new CniError(
    ErrorCode.delegate,
    `Cannot complete ${command} of plugin "${file}": ${fact}`,
    { details: `stdout: ${quote(stdout)}; stderr: ${quote(stderr)}` },
  );
}

function parseObject(
  text: string,
): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // the caller reports the text itself
  }
}

function codeOf(error: Error | undefined): unknown {
  return error !== undefined && "code" in error ? error.code : undefined;
}
