import { oneLine } from "./printable.ts";

/**
 * Every error code that a plugin built on this folder prints: the specification's (SPEC.md 1.1.0
 * §5 "Error", with its wording as comments) and, from 100 up, our own. docs/troubleshooting.md has
 * them all, with who says each and what to do. Of the specification's, 2 and 3 are said by nobody.
 *
 * Two codes seen in the field are habits of the Go library and not in the specification: 8
 * (invalid network namespace) and 999 (any untyped error). Neither is used here.
 */
export const ErrorCode = {
  /** "Incompatible CNI version" */
  incompatibleVersion: 1,
  /** "Invalid necessary environment variables, like CNI_COMMAND, CNI_CONTAINERID, etc." */
  invalidEnvironment: 4,
  /** "I/O failure. For example, failed to read network config bytes from stdin" */
  io: 5,
  /** "Failed to decode content. For example, failed to unmarshal network config from bytes" */
  decode: 6,
  /** "Invalid network config" */
  invalidConfiguration: 7,
  /** "Try again later": a transient condition that should clear up. */
  tryAgainLater: 11,
  /** STATUS: "The plugin is not available (i.e. cannot service ADD requests)" */
  notAvailable: 50,
  /** STATUS: as 50, "and existing containers in the network may have limited connectivity" */
  limitedConnectivity: 51,

  /** A fault in this program: an exception that nobody translated. */
  internal: 100,
  /** The kernel refused an operation, and no code above says it better. */
  kernel: 101,
  /** The kernel lacks a feature (a module, an algorithm, an address family). */
  kernelUnsupported: 102,
  /** CHECK found that something is missing or differs; `details` names each thing. */
  checkFailed: 103,
  /** This process lacks a privilege: EPERM or EACCES. */
  permission: 105,
  /** Another program holds an object in the kernel that we need; `details` names it. */
  conflict: 106,
} as const;

/** Facts beside the message of a {@link CniError}. */
export interface CniErrorOptions {
  /** What an admin needs to know beyond the message, and at its end what to do: what to type, correct or look at. */
  readonly details: string;
  readonly cause?: unknown;
}

/** The error object that a plugin prints on stdout (SPEC.md 1.1.0 §5 "Error"). */
export interface CniErrorObject {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** An error that the runtime is told as an error object, with a code of {@link ErrorCode}. */
export class CniError extends Error {
  override readonly name = "CniError";
  /** A code of {@link ErrorCode}. */
  readonly code: number;
  readonly details: string;

  constructor(code: number, message: string, options: CniErrorOptions) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.code = code;
    this.details = options.details;
  }

  /**
   * The object to print, its texts in one line each and without control characters; of long ones the middle is left out,
   * since both ends matter: what failed, and what to do.
   *
   * @param cniVersion the version of the configuration that the call was made with
   */
  toJSON(cniVersion: string): CniErrorObject {
    const msg = shorten(oneLine(this.message), LONGEST_MESSAGE);
    const object = { cniVersion, code: this.code, msg };
    if (this.details === "") return object;
    const left = LONGEST_OBJECT - printedLength(JSON.stringify(object));
    const details = shorten(oneLine(this.details), left - FRAME);
    return { ...object, details };
  }
}

/**
 * Bytes of a printed error object. A Kubernetes event keeps 1,024 of a message, and kubelet and runtime put some words of
 * their own before ours.
 */
const LONGEST_OBJECT = 960;

/** Bytes of `msg` within that. */
const LONGEST_MESSAGE = 480;

/** Bytes of `,"details":""`. */
const FRAME = 13;

const GAP = " … ";

/** A text whose JSON form has so many bytes at most: whole, or its first two thirds and its end. */
function shorten(text: string, bytes: number): string {
  if (textLength(text) <= bytes) return text;
  const room = bytes - printedLength(GAP);
  const tail = ending(text, Math.floor(room / 3));
  return beginning(text, room - textLength(tail)) + GAP + tail;
}

function beginning(text: string, bytes: number): string {
  let [length, kept] = [0, ""];
  for (const letter of text) {
    length += textLength(letter);
    if (length > bytes) break;
    kept += letter;
  }
  return kept;
}

function ending(text: string, bytes: number): string {
  return backwards(beginning(backwards(text), bytes));
}

function backwards(text: string): string {
  return Array.from(text).reverse().join("");
}

/** Bytes of a text in JSON, without its quotation marks. */
function textLength(text: string): number {
  return printedLength(JSON.stringify(text)) - 2;
}

function printedLength(json: string): number {
  return Buffer.byteLength(json);
}
