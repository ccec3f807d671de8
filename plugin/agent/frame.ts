/**
 * What travels between the launcher and the agent over one SOCK_SEQPACKET connection a call.
 *
 * The launcher sends one message: 4 bytes magic, the length of the variables (u32, little endian),
 * then the variables as `NAME=value`, each closed by a zero byte; the first is the name that the
 * program was called by. With it come open files: stdin's content, and the pod's network namespace
 * where CNI_NETNS could be opened. native/launcher.c is the other half.
 */
export interface CallFrame {
  /** `crosslink` or `crosslink-ipam`, with whatever path it was started by. */
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** "CLK1": a launcher and an agent of different protocols must not talk. */
const MAGIC = Buffer.from("CLK1");
const REQUEST_HEADER_BYTES = 8;
const ANSWER_HEADER_BYTES = 16;

/** Longest request: the launcher refuses more, and becomes the full binary instead. */
export const LONGEST_CALL_BYTES = 64 * 1024;

/** Longest message of an answer: one that a socket's default buffer takes. */
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

/** What a call answers. */
export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * An answer's messages: a header of magic, exit code and the two lengths (u32 each), then stdout's
 * bytes and stderr's.
 */
export function encodeAnswer(answer: Answer): Uint8Array[] {
  const stdout = Buffer.from(answer.stdout);
  const stderr = Buffer.from(answer.stderr);
  const header = Buffer.alloc(ANSWER_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(answer.exitCode, 4);
  header.writeUInt32LE(stdout.length, 8);
  header.writeUInt32LE(stderr.length, 12);
  return [header, ...chunks(Buffer.concat([stdout, stderr]))];
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
