import {
  decodeAttributeList,
  decodeExpressions,
  type Expression,
  type ObservedRule,
} from "../../../native/index.ts";
import type { Family } from "../base/family.ts";
import { OWN_COMMENT } from "../../owned.ts";
import type { SharedRule } from "./chain.ts";
import { isOurComment, type ParsedPair, parsePair } from "./parse-pair.ts";

/**
 * Reads the rules of one chain. A node may have thousands of ours, alike but for their addresses: each shape is decoded
 * once, and of the rules that have it only the addresses are read.
 */
export function nftRuleReader(
  family: Family,
  takes: (expressions: readonly Expression[]) => boolean,
): (rule: ObservedRule) => SharedRule {
  const shapes = new Map<number, Shape[]>();
  return (rule) => {
    const name = { backend: "nft", handle: rule.handle } as const;
    const ofLength = shapes.get(rule.raw.length);
    if (rule.comment === OWN_COMMENT)
      for (const shape of ofLength ?? []) {
        const key = keyByShape(shape, rule.raw);
        if (key !== undefined) return { key, takes: false, name };
      }
    const expressions = decodeExpressions(rule.raw);
    if (rule.comment !== OWN_COMMENT && !expressions.some(isOurComment))
      return { takes: takes(expressions), name };
    const pair = parsePair(expressions, family);
    // Ours by its comment, and nothing that we would write: stale.
    if (pair === undefined)
      return { key: `unknown ${rule.handle}`, takes: false, name };
    const shape = shapeOf(rule.raw, expressions, pair);
    shapes.set(rule.raw.length, [...(ofLength ?? []), shape]);
    return { key: pairKey(pair), takes: false, name };
  };
}

/** What a rule does, as a text that is the same for rules that do the same. */
export function pairKey({ source, destination, rest }: ParsedPair): string {
  return `${latin1(source)} ${latin1(destination)} ${rest}`;
}

interface Shape {
  readonly raw: Uint8Array;
  /** Stretches of bytes that are the same in all rules of this shape. */
  readonly fixed: readonly Span[];
  readonly source: Span;
  readonly destination: Span;
  readonly rest: string;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function keyByShape(shape: Shape, raw: Uint8Array): string | undefined {
  const { source, destination, rest, fixed } = shape;
  const same = fixed.every(
    ({ start, end }) =>
      Buffer.compare(
        raw.subarray(start, end),
        shape.raw.subarray(start, end),
      ) === 0,
  );
  return same
    ? pairKey({
        source: raw.subarray(source.start, source.end),
        destination: raw.subarray(destination.start, destination.end),
        rest,
      })
    : undefined;
}

function shapeOf(
  raw: Uint8Array,
  expressions: readonly Expression[],
  pair: ParsedPair,
): Shape {
  const source = spanOf(raw, pair.source);
  const destination = spanOf(raw, pair.destination);
  const counters = decodeAttributeList(raw)
    .filter((_, index) => expressions[index]?.kind === "counter")
    .map(({ value }) => spanOf(raw, value));
  return {
    raw,
    fixed: between([source, destination, ...counters], raw.length),
    source,
    destination,
    rest: pair.rest,
  };
}

/** Decoded values are views of the bytes that they came from. */
function spanOf(raw: Uint8Array, view: Uint8Array): Span {
  const start = view.length === 0 ? 0 : view.byteOffset - raw.byteOffset;
  return { start, end: start + view.length };
}

function between(holes: readonly Span[], length: number): Span[] {
  const result: Span[] = [];
  let start = 0;
  for (const hole of holes.toSorted((a, b) => a.start - b.start)) {
    if (hole.start > start) result.push({ start, end: hole.start });
    start = Math.max(start, hole.end);
  }
  result.push({ start, end: length });
  return result;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
