import {
  type Configuration,
  configurationVersion,
  isObject,
  parseConfiguration,
  requireNetworkName,
} from "./configuration.ts";
import { parseEnvironment, type Variables } from "./environment.ts";
import { CniError, ErrorCode } from "./error.ts";
import { createRequest, type Request } from "./request.ts";
import { toCniError } from "./translate.ts";
import {
  currentVersion,
  isSupportedVersion,
  requireCommand,
  supportedVersions,
} from "./version.ts";

/** What a plugin does. Handlers report failure by throwing, best a CniError. */
export interface Handlers {
  /** Returns the JSON object to print: a result in the request's version, or its `rawPrevResult`. */
  readonly add: (request: Request) => unknown;
  readonly del: (request: Request) => void;
  readonly check: (request: Request) => void;
  readonly gc: (request: Request) => void;
  readonly status: (request: Request) => void;
  /** Called where a call is refused before its handler could be: with what is known of it. Whatever it throws is only told. */
  readonly refused?: (command: string, config: Configuration) => void;
}

/** The parts of a process that a call touches. */
export interface Process {
  readonly environment: Variables;
  /** All of stdin. Not called for VERSION. */
  readonly readStdin: () => Uint8Array;
  /** What of stdin is there without waiting; VERSION answers in the version it names. */
  readonly readReadyStdin?: () => Uint8Array;
  readonly writeStdout: (text: string) => void;
  readonly writeStderr: (text: string) => void;
}

/**
 * Serves one CNI call (SPEC.md 1.1.0 §2): environment, stdin, one handler, and on stdout one JSON
 * object or nothing. Never throws: whatever goes wrong is printed as an error object.
 *
 * @returns the exit code: 0, or 1 after an error
 */
export function run(process: Process, handlers: Handlers): number {
  // The error object's version, until the configuration has said its own
  const call: Call = { action: "start", version: currentVersion };
  try {
    const answer = serve(process, handlers, call);
    return answer === undefined || deliver(process, answer) ? 0 : 1;
  } catch (error) {
    if (call.isHandled !== true) refuse(process, handlers, call);
    const known = toCniError(error, call.action);
    if (known.code === ErrorCode.internal) logOrigin(process, error);
    deliver(process, JSON.stringify(known.toJSON(call.version)));
    return 1;
  }
}

/** What an error message needs to know of the call so far. */
interface Call {
  action: string;
  version: string;
  config?: Configuration;
  isHandled?: boolean;
}

function refuse(
  process: Process,
  { refused }: Handlers,
  { config }: Call,
): void {
  try {
    const known = config ?? readAnyway(process);
    refused?.(process.environment["CNI_COMMAND"] ?? "", known);
  } catch (error) {
    tell(process, toCniError(error, "refuse the call").message);
  }
}

/** Nothing where it cannot be read. */
function readAnyway(process: Process): Configuration {
  try {
    return parseConfiguration(readInput(process));
  } catch {
    return {};
  }
}

function serve(
  process: Process,
  handlers: Handlers,
  call: Call,
): string | undefined {
  const environment = parseEnvironment(process.environment);
  const { command } = environment;
  call.action = `complete ${command}`;
  if (command === "VERSION") return answerVersion(process);
  const config = parseConfiguration(readInput(process));
  call.config = config;
  const version = configurationVersion(config);
  if (isSupportedVersion(version)) call.version = version;
  requireCommand(version, command);
  requireNetworkName(config);
  const request = createRequest(environment, config);
  call.isHandled = true;
  return dispatch(request, handlers);
}

function dispatch(request: Request, handlers: Handlers): string | undefined {
  switch (request.command) {
    case "ADD":
      return writeResult(handlers.add(request));
    case "DEL":
      handlers.del(request);
      break;
    case "CHECK":
      handlers.check(request);
      break;
    case "GC":
      handlers.gc(request);
      break;
    case "STATUS":
      handlers.status(request);
      break;
    case "VERSION":
  }
  return undefined;
}

function readInput(process: Process): Uint8Array {
  try {
    return process.readStdin();
  } catch (cause) {
    if (cause instanceof CniError) throw cause;
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(
      ErrorCode.io,
      `Cannot read the network configuration from stdin: ${fact}`,
      {
        details:
          "the runtime writes it there: look at its log; by hand: crosslink < FILE",
        cause,
      },
    );
  }
}

/** Runtimes may ask with neither stdin nor a meaningful environment, so nothing here can fail. */
function answerVersion({ readReadyStdin }: Process): string {
  const cniVersion = askedVersion(readReadyStdin) ?? currentVersion;
  return JSON.stringify({ cniVersion, supportedVersions });
}

function askedVersion(read: Process["readReadyStdin"]): string | undefined {
  try {
    const asked: unknown = JSON.parse(Buffer.from(read?.() ?? []).toString());
    const version = isObject(asked) ? asked["cniVersion"] : undefined;
    const known = typeof version === "string" && isSupportedVersion(version);
    return known ? version : undefined;
  } catch {
    return undefined; // unreadable, empty or no JSON: nobody asked for a certain version
  }
}

function writeResult(result: unknown): string {
  if (isObject(result)) return JSON.stringify(result);
  throw new TypeError("ADD returned no result object");
}

/** Writes to stdout once and never again, since half an object may already be there. */
function deliver(process: Process, text: string): boolean {
  try {
    process.writeStdout(`${text}\n`);
    return true;
  } catch (error) {
    const known = toCniError(error, "write to stdout");
    tell(process, `${known.message}; the answer was: ${text}`);
    return false;
  }
}

function logOrigin(process: Process, error: unknown): void {
  if (error instanceof Error) tell(process, error.stack ?? error.message);
}

function tell({ writeStderr }: Process, text: string): void {
  try {
    writeStderr(`${text}\n`);
  } catch {
    // nobody listens; stdout and the exit code still tell the runtime
  }
}
