import { CniError, ErrorCode } from "./error.ts";
import { assumedVersion } from "./version.ts";

/** A network configuration: whatever JSON object the runtime wrote to stdin. */
export type Configuration = Readonly<Record<string, unknown>>;

/** The largest configuration that is read, in bytes. */
export const configurationByteLimit = 4 * 1024 * 1024;

/**
 * Parses the bytes of stdin.
 *
 * @throws CniError 6 when they are too many, not UTF-8, not JSON, or not a JSON object
 */
export function parseConfiguration(bytes: Uint8Array): Configuration {
  if (bytes.length > configurationByteLimit) {
    throw undecodable(`it is larger than ${configurationByteLimit} bytes`);
  }
  if (bytes.length === 0) throw undecodable("stdin is empty");
  const value = parseJson(decodeText(bytes));
  if (isObject(value)) return value;
  throw undecodable(`it is ${describe(value)}, want a JSON object`);
}

/**
 * The configuration's `cniVersion`; when it is missing, 0.1.0.
 *
 * @throws CniError 7 when it is not a string
 */
export function configurationVersion(configuration: Configuration): string {
  const version = configuration["cniVersion"] ?? "";
  if (typeof version === "string") return version || assumedVersion;
  throw misconfigured(`/cniVersion is ${describe(version)}, want a string`);
}

/**
 * Makes sure of the network's `name`, which every version of the specification requires.
 *
 * @throws CniError 7 when it is missing or holds other characters than SPEC.md 1.1.0 §1 allows
 */
export function requireNetworkName(configuration: Configuration): void {
  const name = configuration["name"] ?? "";
  if (name === "") {
    throw misconfigured("/name is missing; give the network a name");
  }
  if (typeof name !== "string") {
    throw misconfigured(`/name is ${describe(name)}, want a string`);
  }
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  throw misconfigured(
    `/name is ${JSON.stringify(name)}, want a letter or digit, then letters, digits, "_", "." or "-"`,
  );
}

/** Whether `value` is what JSON calls an object. */
export function isObject(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How an error message names a JSON value: its type, and the value where that is short. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (isObject(value)) return "an object";
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw undecodable("it is not UTF-8", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw undecodable(`it is not JSON: ${fact}`, cause);
  }
}

function undecodable(fact: string, cause?: unknown): CniError {
  const message = `Cannot decode the network configuration: ${fact}`;
  return new CniError(ErrorCode.decode, message, {
    details:
      "the runtime writes it to stdin, from a file of /etc/cni/net.d: correct that file; by hand: crosslink < FILE",
    ...(cause === undefined ? {} : { cause }),
  });
}

function misconfigured(fact: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use the network configuration: ${fact}`,
    {
      details:
        "correct it in the network's file, which is in /etc/cni/net.d; the runtime then reads it again",
    },
  );
}
