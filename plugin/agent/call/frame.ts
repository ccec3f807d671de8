/**
 * What travels between the launcher and the agent over one SOCK_SEQPACKET connection a call.
 *
 * The launcher sends one message: 4 bytes magic, the length of the rest (u32, little endian), then
 * the name that the program was called by and the variables as `NAME=value`, each closed by a zero
 * byte. With it come open files, in the order of {@link CallFiles}. The agent answers with one
 * message, or where that would be too long with several. plugin/launcher/launcher.c is the other half.
 */
export interface CallFrame {
  /** `crosslink` or `crosslink-ipam`, with whatever path it was started by. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The open files that come with a call. */
export interface CallFiles {
  /** All of stdin, in a file that is read from its beginning. */
  readonly stdin: number;
  /** The network namespace that the launcher runs in: the node's. */
  readonly network: number;
  /** The pod's namespace; absent where the launcher could not open CNI_NETNS. */
  readonly netns?: number;
}

/** "CLK1": a launcher and an agent of different protocols must not talk. */
const MAGIC = Buffer.from("CLK1");
const REQUEST_HEADER_BYTES = 8;
const ANSWER_HEADER_BYTES = 16;

/** Longest request: the launcher refuses more, and becomes the full binary instead. */
export const LONGEST_CALL_BYTES = 64 * 1024;

/** Longest message of an answer: what the launcher reads at once. */
const CHUNK_BYTES = 32 * 1024;

/** Reads a request. @throws RangeError for bytes that are none */
export function decodeCall(message: Uint8Array): CallFrame {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  if (
    bytes.length < REQUEST_HEADER_BYTES ||
    !bytes.subarray(0, 4).equals(MAGIC)
  ) {
    throw new RangeError("Cannot read a call: it does not begin as one");
  }
  const length = bytes.readUInt32LE(4);
  const body = bytes.subarray(REQUEST_HEADER_BYTES);
  if (length !== body.length || body.at(-1) !== 0) {
    throw new RangeError("Cannot read a call: its length does not fit");
  }
  const [program = "", ...variables] = body
    .toString("utf8", 0, length - 1)
    .split("\0");
  return {
    program,
    environment: Object.fromEntries(variables.map(splitVariable)),
  };
}

/** Names the files that came with a request. @throws RangeError where one is missing */
export function nameFiles(files: readonly number[]): CallFiles {
  const [stdin, network, netns] = files;
  if (stdin === undefined || network === undefined)
    throw new RangeError("Cannot read a call: files are missing with it");
  return netns === undefined ? { stdin, network } : { stdin, network, netns };
}

/** What a call answers. */
export interface CallAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call that the agent leaves to the full binary, and why. */
export interface Left {
  readonly left: string;
}

/** An answer's messages: magic, exit code and the two lengths (u32 each), then stdout's bytes and stderr's. */
export function encodeAnswer(answer: CallAnswer): Uint8Array[] {
  const stdout = Buffer.from(answer.stdout);
  const stderr = Buffer.from(answer.stderr);
  const header = Buffer.alloc(ANSWER_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(answer.exitCode, 4);
  header.writeUInt32LE(stdout.length, 8);
  header.writeUInt32LE(stderr.length, 12);
  return chunks(Buffer.concat([header, stdout, stderr]));
}

function splitVariable(text: string): [string, string] {
  const end = text.indexOf("=");
  if (end <= 0)
    throw new RangeError("Cannot read a call: a variable has no name");
  return [text.slice(0, end), text.slice(end + 1)];
}

function chunks(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}
