import { attrBe32, attrU8 } from "../../attribute.ts";
import { optional, required, wordOf } from "./codec.ts";
import type { ExpressionCodec } from "./codec.ts";

/** Copies bytes of a header into a register. */
export interface PayloadExpression {
  readonly kind: "payload";
  readonly base: PayloadBase;
  /** In bytes from the header's start. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  readonly register: number;
}

/** `enum nft_payload_bases`, in its order. */
type PayloadBase = (typeof BASES)[number];

/** Copies a property of the packet (`NFT_META_*`) into a register, or a register into it. */
export interface MetaExpression {
  readonly kind: "meta";
  readonly key: number;
  readonly access: "load" | "store";
  readonly register: number;
}

/** Copies a property of the packet's connection (`NFT_CT_*`) into a register, or a register into it. */
export interface ConnectionExpression {
  readonly kind: "ct";
  readonly key: number;
  readonly access: "load" | "store";
  readonly register: number;
  /** 0 original, 1 reply, for the keys that have a direction. */
  readonly direction?: number;
}

/** Copies a property of the packet's route (`NFT_RT_*`) into a register. */
export interface RouteExpression {
  readonly kind: "rt";
  readonly key: number;
  readonly register: number;
}

const BASES = ["link", "network", "transport", "inner", "tunnel"] as const;

// enum nft_payload_attributes
const PAYLOAD_DREG = 1;
const PAYLOAD_BASE = 2;
const PAYLOAD_OFFSET = 3;
const PAYLOAD_LEN = 4;
// enum nft_meta_attributes, enum nft_ct_attributes
const KEY = 2;
const META_DREG = 1;
const META_SREG = 3;
const CT_DREG = 1;
const CT_DIRECTION = 3;
const CT_SREG = 4;
// enum nft_rt_attributes
const RT_DREG = 1;

/** `payload`, loading only: writes to packets stay opaque. */
export const payload: ExpressionCodec<PayloadExpression> = {
  name: "payload",
  required: [PAYLOAD_DREG, PAYLOAD_BASE, PAYLOAD_OFFSET, PAYLOAD_LEN],
  encode: ({ base, offset, length, register }) => [
    attrBe32(PAYLOAD_DREG, register),
    attrBe32(PAYLOAD_BASE, BASES.indexOf(base)),
    attrBe32(PAYLOAD_OFFSET, offset),
    attrBe32(PAYLOAD_LEN, length),
  ],
  decode: (data) => {
    const base = wordOf(BASES, required(data, PAYLOAD_BASE));
    return base === undefined
      ? undefined
      : {
          kind: "payload",
          base,
          offset: required(data, PAYLOAD_OFFSET),
          length: required(data, PAYLOAD_LEN),
          register: required(data, PAYLOAD_DREG),
        };
  },
};

/** `meta` */
export const meta: ExpressionCodec<MetaExpression> = {
  name: "meta",
  required: [KEY],
  optional: [META_DREG, META_SREG],
  encode: ({ key, access, register }) => [
    attrBe32(KEY, key),
    attrBe32(access === "load" ? META_DREG : META_SREG, register),
  ],
  decode: (data) => {
    const source = optional(data, META_SREG);
    const register = source ?? optional(data, META_DREG);
    if (register === undefined) return undefined;
    return {
      kind: "meta",
      key: required(data, KEY),
      access: source === undefined ? "load" : "store",
      register,
    };
  },
};

/** `ct` */
export const ct: ExpressionCodec<ConnectionExpression> = {
  name: "ct",
  required: [KEY],
  optional: [CT_DREG, CT_SREG, CT_DIRECTION],
  encode: ({ key, access, register, direction }) => [
    attrBe32(KEY, key),
    attrBe32(access === "load" ? CT_DREG : CT_SREG, register),
    ...(direction === undefined ? [] : [attrU8(CT_DIRECTION, direction)]),
  ],
  decode: (data) => {
    const source = optional(data, CT_SREG);
    const register = source ?? optional(data, CT_DREG);
    if (register === undefined) return undefined;
    const direction = data.get(CT_DIRECTION)?.[0];
    return {
      kind: "ct",
      key: required(data, KEY),
      access: source === undefined ? "load" : "store",
      register,
      ...(direction === undefined ? {} : { direction }),
    };
  },
};

/** `rt` */
export const rt: ExpressionCodec<RouteExpression> = {
  name: "rt",
  required: [KEY, RT_DREG],
  encode: ({ key, register }) => [
    attrBe32(KEY, key),
    attrBe32(RT_DREG, register),
  ],
  decode: (data) => ({
    kind: "rt",
    key: required(data, KEY),
    register: required(data, RT_DREG),
  }),
};
