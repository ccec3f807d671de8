import { attrBe32, attrU8, readU8 } from "../../attribute.ts";
import { optional, required } from "./codec.ts";
import type { ExpressionCodec } from "./codec.ts";

/** Copies bytes of a TCP option into a register, or a register into the option. */
export interface TcpOptionExpression {
  readonly kind: "tcpOption";
  readonly access: "load" | "store";
  /** The option's number: 2 is the maximum segment size (RFC 9293 §3.2). */
  readonly option: number;
  /** In bytes from the option's kind byte. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  readonly register: number;
}

// enum nft_exthdr_attributes
const EXTHDR_DREG = 1;
const EXTHDR_TYPE = 2;
const EXTHDR_OFFSET = 3;
const EXTHDR_LEN = 4;
const EXTHDR_FLAGS = 5;
const EXTHDR_OP = 6;
const EXTHDR_SREG = 7;
const NFT_EXTHDR_OP_TCPOPT = 1;

/** `exthdr`, TCP options only: IPv6 extension headers and the rest stay opaque. */
export const exthdr: ExpressionCodec<TcpOptionExpression> = {
  name: "exthdr",
  required: [EXTHDR_TYPE, EXTHDR_OFFSET, EXTHDR_LEN, EXTHDR_OP],
  optional: [EXTHDR_DREG, EXTHDR_SREG, EXTHDR_FLAGS],
  encode: ({ access, option, offset, length, register }) => [
    attrBe32(access === "load" ? EXTHDR_DREG : EXTHDR_SREG, register),
    attrU8(EXTHDR_TYPE, option),
    attrBe32(EXTHDR_OFFSET, offset),
    attrBe32(EXTHDR_LEN, length),
    attrBe32(EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT),
    ...(access === "load" ? [attrBe32(EXTHDR_FLAGS, 0)] : []),
  ],
  decode: (data) => {
    if (
      required(data, EXTHDR_OP) !== NFT_EXTHDR_OP_TCPOPT ||
      (optional(data, EXTHDR_FLAGS) ?? 0) !== 0
    )
      return undefined;
    const source = optional(data, EXTHDR_SREG);
    const destination = optional(data, EXTHDR_DREG);
    const register = source ?? destination;
    return register === undefined
      ? undefined
      : {
          kind: "tcpOption",
          access: source === undefined ? "load" : "store",
          option: readU8(data.get(EXTHDR_TYPE) ?? NOTHING),
          offset: required(data, EXTHDR_OFFSET),
          length: required(data, EXTHDR_LEN),
          register,
        };
  },
};

const NOTHING = new Uint8Array(0);
