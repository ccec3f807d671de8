import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../golden");

/** One request as a tool sent it, without the rest of its header: length follows from the body, sequence and port id vary. */
export interface GoldenMessage {
  readonly type: number;
  readonly flags: number;
  /** What comes after the 16-byte header. */
  readonly body: Uint8Array;
}

/** The messages in test/golden/`name`.txt, which capture.sh recorded; with `type`, only those of this type. */
export function golden(name: string, type?: number): GoldenMessage[] {
  const text = readFileSync(join(folder, `${name}.txt`), "utf8");
  const messages = text
    .split(/^message /m)
    .slice(1)
    .map(parseMessage);
  return type === undefined
    ? messages
    : messages.filter((message) => message.type === type);
}

/** Throws unless `actual` has the type and body of a recorded message; the error shows both, 4 bytes a line. */
export function expectGolden(
  name: string,
  actual: { readonly type: number; readonly body: Uint8Array },
): void {
  const recorded = golden(name, actual.type);
  if (recorded.length === 0)
    throw new Error(
      `Cannot compare with "${name}": it has no message of type ${actual.type}`,
    );
  if (recorded.some(({ body }) => Buffer.compare(body, actual.body) === 0))
    return;
  const [first] = recorded;
  if (first !== undefined) expectSameBytes(actual.body, first.body, name);
}

/** Throws unless both are the same bytes; the error shows both, 4 bytes a line, with a mark where they differ. */
export function expectSameBytes(
  actual: Uint8Array,
  expected: Uint8Array,
  name = "what was expected",
): void {
  if (Buffer.compare(actual, expected) !== 0)
    throw new Error(`Bytes differ from ${name}:\n${diff(actual, expected)}`);
}

/** The bytes as lines of a golden file: `0008: 0a 00 00 01`. */
export function formatWords(bytes: Uint8Array): string[] {
  return words(bytes).map(
    (word, index) => `${(index * 4).toString(16).padStart(4, "0")}: ${word}`,
  );
}

function parseMessage(section: string): GoldenMessage {
  const [head = "", ...lines] = section.trim().split("\n");
  const match = /^type=0x([0-9a-f]+) flags=0x([0-9a-f]+)$/.exec(head);
  if (match === null)
    throw new Error(
      `Cannot read the golden message "${head}": expected "type=0x… flags=0x…"`,
    );
  const hex = lines.map((line) => line.replace(/^[0-9a-f]+:/, "")).join("");
  const [, type = "", flags = ""] = match;
  return {
    type: parseInt(type, 16),
    flags: parseInt(flags, 16),
    body: Buffer.from(hex.replaceAll(" ", ""), "hex"),
  };
}

function diff(actual: Uint8Array, expected: Uint8Array): string {
  const [ours, theirs] = [words(actual), words(expected)];
  const rows = Array.from(
    { length: Math.max(ours.length, theirs.length) },
    (_, index) => {
      const [a = "", b = ""] = [ours[index], theirs[index]];
      return `${(index * 4).toString(16).padStart(4, "0")}: ${a.padEnd(12)} | ${b.padEnd(12)}${a === b ? "" : "  <--"}`;
    },
  );
  return ["      actual       | expected", ...rows].join("\n");
}

function words(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(bytes.length / 4) }, (_, index) =>
    [...bytes.subarray(index * 4, index * 4 + 4)]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join(" "),
  );
}
