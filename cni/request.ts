import {
  type Configuration,
  configurationVersion,
  describe,
  isObject,
} from "./configuration.ts";
import type { Environment } from "./environment.ts";
import { CniError, ErrorCode } from "./error.ts";
import { WRITERS } from "./fields.ts";
import { parseResult, type Result } from "./result.ts";
import type { Command } from "./version.ts";

/** A container's interface in a network, as GC names it. */
export interface Attachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** One call of the plugin, validated: what its handlers get. */
export interface Request {
  readonly command: Command;
  /** Empty for GC and STATUS. */
  readonly containerId: string;
  /** Empty for GC and STATUS, and for a DEL whose namespace is gone. */
  readonly netns: string;
  /** Empty for GC and STATUS. */
  readonly ifname: string;
  readonly args: ReadonlyMap<string, string>;
  /** `CNI_PATH`; may be empty. */
  readonly path: string;
  /** The configuration's version; what ADD prints is in this version. */
  readonly version: string;
  readonly config: Configuration;
  /** Absent when the configuration has none, and when a DEL's is malformed. */
  readonly prevResult?: Result;
  /** As it came: chained plugins print it unchanged. */
  readonly rawPrevResult?: unknown;
  /** Why a DEL's prevResult could not be read; DEL goes on without it. */
  readonly prevResultError?: CniError;
  /** GC only. Undefined when the list is absent or null: then nothing is known to be stale. */
  readonly validAttachments?: readonly Attachment[];
}

/**
 * Joins the environment and the configuration of a call.
 *
 * @throws CniError 6 for a malformed prevResult, except on DEL; 7 for a malformed list of
 *   attachments, since deleting by half a list would cut off running pods
 */
export function createRequest(
  environment: Environment,
  config: Configuration,
): Request {
  const version = configurationVersion(config);
  return {
    ...environment,
    version,
    config,
    ...previous(config["prevResult"] ?? undefined, version, environment),
    ...(environment.command === "GC" && attachments(config)),
  };
}

function previous(
  rawPrevResult: unknown,
  version: string,
  { command }: Environment,
): Pick<Request, "prevResult" | "rawPrevResult" | "prevResultError"> {
  // GC and STATUS have none; a stray one is no reason to fail
  if (rawPrevResult === undefined || command === "GC" || command === "STATUS") {
    return {};
  }
  try {
    requirePrintable(rawPrevResult);
    return { rawPrevResult, prevResult: parseResult(rawPrevResult, version) };
  } catch (error) {
    // SPEC.md 1.1.0 §2 "DEL": plugins clean up what they can, even without a prevResult
    if (command !== "DEL" || !(error instanceof CniError)) throw error;
    return { rawPrevResult, prevResultError: error };
  }
}

/** JSON.parse() takes any number of levels; JSON.stringify(), which ADD needs for its answer, only some thousands. */
const depthLimit = 512;

/** Level by level, since recursion is what runs out.  CniError 6 */
function requirePrintable(value: unknown): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthLimit) {
      throw new CniError(
        ErrorCode.decode,
        `Cannot read a CNI result: it has more than ${depthLimit} levels of arrays and objects`,
        { details: WRITERS },
      );
    }
    level = level
      .filter((item) => typeof item === "object" && item !== null)
      .flatMap((item): unknown[] => Object.values(item));
  }
}

const KEY = "cni.dev/valid-attachments";
/** A slip in early texts of the specification; libcni sends both. */
const OLD_KEY = "cni.dev/attachments";

function attachments(config: Configuration): Pick<Request, "validAttachments"> {
  const key = Object.hasOwn(config, KEY) ? KEY : OLD_KEY;
  const list = config[key] ?? undefined;
  if (list === undefined) return {};
  if (!Array.isArray(list)) throw malformed(key, "", list, "an array");
  return {
    validAttachments: list.map((entry: unknown, index) =>
      parseAttachment(entry, key, `/${index}`),
    ),
  };
}

function parseAttachment(
  entry: unknown,
  key: string,
  pointer: string,
): Attachment {
  if (!isObject(entry)) throw malformed(key, pointer, entry, "an object");
  const { containerID, ifname } = entry;
  if (typeof containerID !== "string" || containerID === "") {
    throw malformed(key, `${pointer}/containerID`, containerID, "a string");
  }
  if (typeof ifname !== "string" || ifname === "") {
    throw malformed(key, `${pointer}/ifname`, ifname, "a string");
  }
  return { containerID, ifname };
}

function malformed(
  key: string,
  pointer: string,
  value: unknown,
  wanted: string,
): CniError {
  // RFC 6901 §3: "/" inside a key is written "~1"
  const place = `/${key.replace("/", "~1")}${pointer}`;
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot collect garbage: ${place} is ${describe(value)}, want ${wanted}`,
    {
      details:
        "the runtime writes that list, and nothing is deleted by half of one: look at the runtime's version and its log",
    },
  );
}
