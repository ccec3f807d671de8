import {
  attrBe32,
  attrString,
  decodeAttributes,
  nested,
  readBe32,
  readString,
} from "../../attribute.ts";
import type { Attribute } from "../../attribute.ts";
import {
  NF_ACCEPT,
  NF_DROP,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CODE,
  NFT_BREAK,
  NFT_CONTINUE,
  NFT_GOTO,
  NFT_JUMP,
  NFT_RETURN,
} from "../constants.ts";
import { dataValue, required } from "./codec.ts";
import type { ExpressionCodec } from "./codec.ts";

/** Puts a constant into a register. */
export interface ImmediateExpression {
  readonly kind: "immediate";
  readonly register: number;
  readonly value: Uint8Array;
}

/** Ends the rule with a verdict. */
export interface VerdictExpression {
  readonly kind: "verdict";
  readonly verdict: Verdict;
  /** The chain that `jump` and `goto` go to. */
  readonly chain?: string;
}

type Verdict = keyof typeof CODES;

const CODES = {
  drop: NF_DROP,
  accept: NF_ACCEPT,
  continue: NFT_CONTINUE,
  break: NFT_BREAK,
  jump: NFT_JUMP,
  goto: NFT_GOTO,
  return: NFT_RETURN,
} as const;

// enum nft_immediate_attributes
const IMMEDIATE_DREG = 1;
const IMMEDIATE_DATA = 2;
const NFT_REG_VERDICT = 0;

/** `immediate`, which carries both constants and verdicts. */
export const immediate: ExpressionCodec<
  ImmediateExpression | VerdictExpression
> = {
  name: "immediate",
  required: [IMMEDIATE_DREG, IMMEDIATE_DATA],
  encode: (expression) =>
    expression.kind === "immediate"
      ? [
          attrBe32(IMMEDIATE_DREG, expression.register),
          dataValue(IMMEDIATE_DATA, expression.value),
        ]
      : [
          attrBe32(IMMEDIATE_DREG, NFT_REG_VERDICT),
          nested(IMMEDIATE_DATA, [encodeVerdict(expression)]),
        ],
  decode: (data) => {
    const inner = decodeAttributes(data.get(IMMEDIATE_DATA) ?? NOTHING);
    const verdict = inner.get(NFTA_DATA_VERDICT);
    if (verdict !== undefined) return decodeVerdict(verdict);
    const value = inner.get(NFTA_DATA_VALUE);
    return value === undefined
      ? undefined
      : {
          kind: "immediate",
          register: required(data, IMMEDIATE_DREG),
          value,
        };
  },
};

const NOTHING = new Uint8Array(0);

function encodeVerdict({ verdict, chain }: VerdictExpression): Attribute {
  return nested(NFTA_DATA_VERDICT, [
    attrBe32(NFTA_VERDICT_CODE, CODES[verdict] >>> 0),
    ...(chain === undefined ? [] : [attrString(NFTA_VERDICT_CHAIN, chain)]),
  ]);
}

/** The content of an `NFTA_DATA_VERDICT`; undefined for a code without a word. */
export function decodeVerdict(
  bytes: Uint8Array,
): VerdictExpression | undefined {
  const attributes = decodeAttributes(bytes);
  const code = attributes.get(NFTA_VERDICT_CODE);
  const chain = attributes.get(NFTA_VERDICT_CHAIN);
  const verdict =
    code === undefined ? undefined : verdictOf(readBe32(code) | 0);
  return verdict === undefined
    ? undefined
    : {
        kind: "verdict",
        verdict,
        ...(chain === undefined ? {} : { chain: readString(chain) }),
      };
}

function verdictOf(code: number): Verdict | undefined {
  return VERDICTS.find((verdict) => CODES[verdict] === code);
}

const VERDICTS = Object.keys(CODES) as Verdict[];
