import {
  attrString,
  decodeAttributeList,
  decodeAttributes,
  encodeAttributes,
  nested,
  readString,
} from "../../attribute.ts";
import type { Attribute } from "../../attribute.ts";
import {
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_LIST_ELEM,
} from "../constants.ts";
import { bitwise, byteorder } from "./arithmetic.ts";
import type { BitwiseExpression, ByteOrderExpression } from "./arithmetic.ts";
import { cmp, lookup, range } from "./compare.ts";
import type {
  CompareExpression,
  LookupExpression,
  RangeExpression,
} from "./compare.ts";
import type { ExpressionCodec, ExpressionData } from "./codec.ts";
import { match, target } from "./compat.ts";
import type { MatchExpression, TargetExpression } from "./compat.ts";
import { counter } from "./counter.ts";
import type { CounterExpression } from "./counter.ts";
import { exthdr } from "./exthdr.ts";
import type { TcpOptionExpression } from "./exthdr.ts";
import { ct, meta, payload, rt } from "./load.ts";
import type {
  ConnectionExpression,
  MetaExpression,
  PayloadExpression,
  RouteExpression,
} from "./load.ts";
import { completeNat, masq, nat } from "./nat.ts";
import type { MasqueradeExpression, NatExpression } from "./nat.ts";
import { immediate } from "./verdict.ts";
import type { ImmediateExpression, VerdictExpression } from "./verdict.ts";

/** One step of a rule. What this library has no word for is kept as it came. */
export type Expression =
  | BitwiseExpression
  | ByteOrderExpression
  | CompareExpression
  | ConnectionExpression
  | CounterExpression
  | ImmediateExpression
  | LookupExpression
  | MasqueradeExpression
  | MatchExpression
  | MetaExpression
  | NatExpression
  | OpaqueExpression
  | PayloadExpression
  | RangeExpression
  | RouteExpression
  | TargetExpression
  | TcpOptionExpression
  | VerdictExpression;

/** An expression of somebody else: its kernel name and the bytes of its attributes. */
interface OpaqueExpression {
  readonly kind: "opaque";
  readonly name: string;
  /** Undefined where the kernel gave none (`notrack` has none). */
  readonly data?: Uint8Array;
}

/** The list inside of `NFTA_RULE_EXPRESSIONS`. */
export function encodeExpressions(list: readonly Expression[]): Attribute[] {
  return list.map((expression) => nested(NFTA_LIST_ELEM, parts(expression)));
}

/** The expressions of a rule, in their order. RangeError on malformed bytes. */
export function decodeExpressions(bytes: Uint8Array): Expression[] {
  return decodeAttributeList(bytes).map(({ value }) => decodeExpression(value));
}

/**
 * A text that is the same for expressions that do the same. What the kernel fills in by itself is filled in; counters'
 * numbers and set ids, which say nothing about what a rule does, are left out.
 */
export function expressionsKey(list: readonly Expression[]): string {
  const bytes = encodeAttributes(encodeExpressions(list.map(lasting)));
  return Buffer.from(bytes).toString("latin1");
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each codec takes its own kind only
type AnyCodec = ExpressionCodec<any>;

const CODECS: Readonly<Record<string, AnyCodec>> = {
  bitwise,
  byteorder,
  cmp,
  ct,
  counter,
  immediate,
  verdict: immediate,
  lookup,
  masq,
  match,
  meta,
  nat,
  payload,
  range,
  rt,
  target,
  tcpOption: exthdr,
} satisfies Record<Exclude<Expression["kind"], "opaque">, AnyCodec>;

const BY_NAME = new Map(
  Object.values(CODECS).map((codec) => [codec.name, codec]),
);

function lasting(expression: Expression): Expression {
  if (expression.kind === "counter") return ZERO;
  if (expression.kind === "nat") return completeNat(expression);
  if (expression.kind !== "lookup") return expression;
  const { setId: _, ...rest } = expression;
  return rest;
}

const ZERO: CounterExpression = { kind: "counter", packets: 0n, bytes: 0n };

function parts(expression: Expression): Attribute[] {
  if (expression.kind === "opaque")
    return [
      attrString(NFTA_EXPR_NAME, expression.name),
      ...(expression.data === undefined
        ? []
        : [nestedBytes(NFTA_EXPR_DATA, expression.data)]),
    ];
  const codec = CODECS[expression.kind] as ExpressionCodec<Expression>;
  return [
    attrString(NFTA_EXPR_NAME, codec.name),
    nested(NFTA_EXPR_DATA, codec.encode(expression)),
  ];
}

function decodeExpression(bytes: Uint8Array): Expression {
  const attributes = decodeAttributes(bytes);
  const name = readString(attributes.get(NFTA_EXPR_NAME) ?? NOTHING);
  const data = attributes.get(NFTA_EXPR_DATA);
  const codec = BY_NAME.get(name) as ExpressionCodec<Expression> | undefined;
  const known =
    data === undefined || codec === undefined
      ? undefined
      : decodeKnown(codec, decodeAttributes(data));
  return (
    known ?? { kind: "opaque", name, ...(data === undefined ? {} : { data }) }
  );
}

function decodeKnown(
  codec: ExpressionCodec<Expression>,
  data: ExpressionData,
): Expression | undefined {
  const { required, optional = [] } = codec;
  const whole = required.every((type) => data.has(type));
  const nothingElse = [...data.keys()].every(
    (type) => required.includes(type) || optional.includes(type),
  );
  return whole && nothingElse ? codec.decode(data) : undefined;
}

function nestedBytes(type: number, value: Uint8Array): Attribute {
  return { type: nested(type, []).type, value };
}

const NOTHING = new Uint8Array(0);
