import {
  attrBe32,
  attrString,
  decodeAttributes,
  readString,
} from "../../attribute.ts";
import { NFTA_DATA_VALUE } from "../constants.ts";
import { dataValue, optional, required, wordOf } from "./codec.ts";
import type { ExpressionCodec, ExpressionData } from "./codec.ts";

/** Goes on with the rule where the register compares like this with the value. */
export interface CompareExpression {
  readonly kind: "cmp";
  readonly operator: CompareOperator;
  readonly register: number;
  readonly value: Uint8Array;
}

/** `enum nft_cmp_ops`, in its order. */
type CompareOperator = (typeof OPERATORS)[number];

/** Goes on with the rule where the register lies from `from` to `to`, or, inverted, where it does not. */
export interface RangeExpression {
  readonly kind: "range";
  readonly inverted: boolean;
  readonly register: number;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** Goes on with the rule where the register's value is in the set, or, inverted, where it is not. */
export interface LookupExpression {
  readonly kind: "lookup";
  readonly set: string;
  readonly register: number;
  /** The set's `NFTA_SET_ID` in this batch; the kernel does not give it back. */
  readonly setId?: number;
  readonly inverted: boolean;
  /** Where a map puts what it found; a verdict map has register 0. */
  readonly destination?: number;
}

const OPERATORS = ["==", "!=", "<", "<=", ">", ">="] as const;

// enum nft_cmp_attributes
const CMP_SREG = 1;
const CMP_OP = 2;
const CMP_DATA = 3;
// enum nft_range_attributes
const RANGE_SREG = 1;
const RANGE_OP = 2;
const RANGE_FROM_DATA = 3;
const RANGE_TO_DATA = 4;
// enum nft_lookup_attributes
const LOOKUP_SET = 1;
const LOOKUP_SREG = 2;
const LOOKUP_DREG = 3;
const LOOKUP_SET_ID = 4;
const LOOKUP_FLAGS = 5;
const NFT_LOOKUP_F_INV = 1;

/** `cmp` */
export const cmp: ExpressionCodec<CompareExpression> = {
  name: "cmp",
  required: [CMP_SREG, CMP_OP, CMP_DATA],
  encode: ({ operator, register, value }) => [
    attrBe32(CMP_SREG, register),
    attrBe32(CMP_OP, OPERATORS.indexOf(operator)),
    dataValue(CMP_DATA, value),
  ],
  decode: (data) => {
    const operator = wordOf(OPERATORS, required(data, CMP_OP));
    const value = readValue(data, CMP_DATA);
    return operator === undefined || value === undefined
      ? undefined
      : { kind: "cmp", operator, register: required(data, CMP_SREG), value };
  },
};

/** `range` */
export const range: ExpressionCodec<RangeExpression> = {
  name: "range",
  required: [RANGE_SREG, RANGE_OP, RANGE_FROM_DATA, RANGE_TO_DATA],
  encode: ({ inverted, register, from, to }) => [
    attrBe32(RANGE_SREG, register),
    attrBe32(RANGE_OP, Number(inverted)),
    dataValue(RANGE_FROM_DATA, from),
    dataValue(RANGE_TO_DATA, to),
  ],
  decode: (data) => {
    const from = readValue(data, RANGE_FROM_DATA);
    const to = readValue(data, RANGE_TO_DATA);
    const operator = required(data, RANGE_OP);
    return from === undefined || to === undefined || operator > 1
      ? undefined
      : {
          kind: "range",
          inverted: operator === 1,
          register: required(data, RANGE_SREG),
          from,
          to,
        };
  },
};

/** `lookup` */
export const lookup: ExpressionCodec<LookupExpression> = {
  name: "lookup",
  required: [LOOKUP_SET, LOOKUP_SREG],
  optional: [LOOKUP_DREG, LOOKUP_SET_ID, LOOKUP_FLAGS],
  encode: ({ set, register, setId, inverted, destination }) => [
    attrBe32(LOOKUP_SREG, register),
    ...(destination === undefined ? [] : [attrBe32(LOOKUP_DREG, destination)]),
    attrString(LOOKUP_SET, set),
    ...(setId === undefined ? [] : [attrBe32(LOOKUP_SET_ID, setId)]),
    ...(inverted ? [attrBe32(LOOKUP_FLAGS, NFT_LOOKUP_F_INV)] : []),
  ],
  decode: (data) => {
    const setId = optional(data, LOOKUP_SET_ID);
    const destination = optional(data, LOOKUP_DREG);
    return {
      kind: "lookup",
      set: readString(data.get(LOOKUP_SET) ?? NOTHING),
      register: required(data, LOOKUP_SREG),
      inverted: (optional(data, LOOKUP_FLAGS) ?? 0) === NFT_LOOKUP_F_INV,
      ...(setId === undefined ? {} : { setId }),
      ...(destination === undefined ? {} : { destination }),
    };
  },
};

function readValue(data: ExpressionData, type: number): Uint8Array | undefined {
  const wrapped = data.get(type);
  return wrapped === undefined
    ? undefined
    : decodeAttributes(wrapped).get(NFTA_DATA_VALUE);
}
const NOTHING = new Uint8Array(0);
