import { attrBe32, decodeAttributes } from "../../attribute.ts";
import { NFTA_DATA_VALUE } from "../constants.ts";
import { dataValue, optional, required, wordOf } from "./codec.ts";
import type { ExpressionCodec } from "./codec.ts";

/** `destination = (source & mask) ^ xor` */
export interface BitwiseExpression {
  readonly kind: "bitwise";
  readonly source: number;
  readonly destination: number;
  readonly mask: Uint8Array;
  readonly xor: Uint8Array;
}

/** Swaps the bytes of numbers of `size` bytes in `length` bytes of a register. */
export interface ByteOrderExpression {
  readonly kind: "byteorder";
  readonly operator: "ntoh" | "hton";
  readonly source: number;
  readonly destination: number;
  readonly length: number;
  readonly size: number;
}

const BYTE_ORDERS = ["ntoh", "hton"] as const;
const NFT_BITWISE_MASK_XOR = 0;

// enum nft_bitwise_attributes
const BITWISE_SREG = 1;
const BITWISE_DREG = 2;
const BITWISE_LEN = 3;
const BITWISE_MASK = 4;
const BITWISE_XOR = 5;
const BITWISE_OP = 6;
// enum nft_byteorder_attributes
const BYTEORDER_SREG = 1;
const BYTEORDER_DREG = 2;
const BYTEORDER_OP = 3;
const BYTEORDER_LEN = 4;
const BYTEORDER_SIZE = 5;

/** `bitwise`, mask and xor only: shifts stay opaque. */
export const bitwise: ExpressionCodec<BitwiseExpression> = {
  name: "bitwise",
  required: [
    BITWISE_SREG,
    BITWISE_DREG,
    BITWISE_LEN,
    BITWISE_MASK,
    BITWISE_XOR,
  ],
  optional: [BITWISE_OP],
  encode: ({ source, destination, mask, xor }) => [
    attrBe32(BITWISE_SREG, source),
    attrBe32(BITWISE_DREG, destination),
    attrBe32(BITWISE_OP, NFT_BITWISE_MASK_XOR),
    attrBe32(BITWISE_LEN, mask.length),
    dataValue(BITWISE_MASK, mask),
    dataValue(BITWISE_XOR, xor),
  ],
  decode: (data) => {
    if ((optional(data, BITWISE_OP) ?? 0) !== NFT_BITWISE_MASK_XOR)
      return undefined;
    return {
      kind: "bitwise",
      source: required(data, BITWISE_SREG),
      destination: required(data, BITWISE_DREG),
      mask: unwrap(data.get(BITWISE_MASK)),
      xor: unwrap(data.get(BITWISE_XOR)),
    };
  },
};

/** `byteorder` */
export const byteorder: ExpressionCodec<ByteOrderExpression> = {
  name: "byteorder",
  required: [
    BYTEORDER_SREG,
    BYTEORDER_DREG,
    BYTEORDER_OP,
    BYTEORDER_LEN,
    BYTEORDER_SIZE,
  ],
  encode: ({ operator, source, destination, length, size }) => [
    attrBe32(BYTEORDER_SREG, source),
    attrBe32(BYTEORDER_DREG, destination),
    attrBe32(BYTEORDER_OP, BYTE_ORDERS.indexOf(operator)),
    attrBe32(BYTEORDER_LEN, length),
    attrBe32(BYTEORDER_SIZE, size),
  ],
  decode: (data) => {
    const operator = wordOf(BYTE_ORDERS, required(data, BYTEORDER_OP));
    return operator === undefined
      ? undefined
      : {
          kind: "byteorder",
          operator,
          source: required(data, BYTEORDER_SREG),
          destination: required(data, BYTEORDER_DREG),
          length: required(data, BYTEORDER_LEN),
          size: required(data, BYTEORDER_SIZE),
        };
  },
};

function unwrap(data: Uint8Array | undefined): Uint8Array {
  return decodeAttributes(data ?? NOTHING).get(NFTA_DATA_VALUE) ?? NOTHING;
}

const NOTHING = new Uint8Array(0);
