import {
  type Expression,
  NFT_META_MARK,
  readString,
} from "../../../native/index.ts";
import { type Family, traitsOf } from "../base/family.ts";
import { type PacketMark, WHOLE_MARK } from "../base/mark.ts";
import { OWN_COMMENT } from "../../owned.ts";
import { pairRest, type Verdict } from "./pair-rest.ts";

/** A rule of ours as it was read. */
export interface ParsedPair {
  /** The leading bytes of the network that count, whole bytes as iptables writes them; none for a /0. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Prefix lengths, marks and verdict. */
  readonly rest: string;
}

/** The rule that these expressions are, if it is one that we could have written. Its bytes are views of theirs. */
export function parsePair(
  expressions: readonly Expression[],
  family: Family,
): ParsedPair | undefined {
  const { source, destination, length } = traitsOf(family);
  const cursor: Cursor = { steps: expressions.filter(matters), at: 0 };
  const from = takeNetwork(cursor, source, length);
  const to = takeNetwork(cursor, destination, length);
  const spares = takeGuards(cursor);
  const verdict = VERDICTS.get(take(cursor, "verdict")?.verdict ?? "");
  const whole = cursor.at === cursor.steps.length;
  if (!whole || verdict === undefined || from === undefined || to === undefined)
    return undefined;
  const prefixes = [from.prefix, to.prefix] as const;
  return {
    source: from.bytes,
    destination: to.bytes,
    rest: pairRest({ prefixes, spares, verdict }),
  };
}

/** A rule that went through iptables-save and -restore has its comment as a match: struct xt_comment_info, char[256]. */
export function isOurComment(expression: Expression): boolean {
  return (
    expression.kind === "match" &&
    expression.name === "comment" &&
    readString(expression.info) === OWN_COMMENT
  );
}

const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ["return", "RETURN"],
  ["accept", "ACCEPT"],
]);

interface Cursor {
  readonly steps: readonly Expression[];
  at: number;
}

interface Network {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

const EVERYWHERE: Network = { bytes: new Uint8Array(0), prefix: 0 };

function matters(expression: Expression): boolean {
  return expression.kind !== "counter" && !isOurComment(expression);
}

function take<Kind extends Expression["kind"]>(
  cursor: Cursor,
  kind: Kind,
): Extract<Expression, { kind: Kind }> | undefined {
  const step = cursor.steps[cursor.at];
  if (step?.kind !== kind) return undefined;
  cursor.at++;
  return step as Extract<Expression, { kind: Kind }>;
}

function takeNetwork(
  cursor: Cursor,
  offset: number,
  length: number,
): Network | undefined {
  const next = cursor.steps[cursor.at];
  if (next?.kind !== "payload" || next.offset !== offset) return EVERYWHERE;
  cursor.at++;
  const mask = take(cursor, "bitwise")?.mask;
  const compared = take(cursor, "cmp");
  if (next.base !== "network" || compared?.operator !== "==") return undefined;
  return mask === undefined
    ? ofLength(compared.value, next.length, next.length * 8)
    : ofLength(compared.value, length, prefixOf(mask));
}

function ofLength(
  bytes: Uint8Array,
  length: number,
  prefix: number | undefined,
): Network | undefined {
  return bytes.length === length && prefix !== undefined
    ? { bytes, prefix }
    : undefined;
}

/** Stops at what is no guard of ours, so that nothing takes the rule for a whole one. */
function takeGuards(cursor: Cursor): PacketMark[] {
  const marks: PacketMark[] = [];
  for (;;) {
    const start = cursor.at;
    const mark = takeGuard(cursor);
    if (mark === undefined) {
      cursor.at = start;
      return marks;
    }
    marks.push(mark);
  }
}

function takeGuard(cursor: Cursor): PacketMark | undefined {
  const loaded = take(cursor, "meta");
  if (loaded?.key !== NFT_META_MARK || loaded.access !== "load")
    return undefined;
  const masked = take(cursor, "bitwise");
  const compared = take(cursor, "cmp");
  if (compared === undefined || masked?.xor.some((byte) => byte !== 0))
    return undefined;
  const value = hostWord(compared.value);
  return compared.operator === (value === 0 ? "==" : "!=")
    ? { value, mask: masked ? hostWord(masked.mask) : WHOLE_MARK }
    : undefined;
}

function hostWord(bytes: Uint8Array): number {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteLength === 4
    ? new DataView(buffer, byteOffset, 4).getUint32(0, true)
    : 0;
}

/** Length of the prefix that a mask is; undefined for a mask with holes. */
function prefixOf(mask: Uint8Array): number | undefined {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0"));
  return /^(1*)0*$/.exec(bits.join(""))?.[1]?.length;
}
