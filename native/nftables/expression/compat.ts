import {
  attrBe32,
  attrBytes,
  attrString,
  readString,
} from "../../attribute.ts";
import { required } from "./codec.ts";
import type { ExpressionCodec, ExpressionData } from "./codec.ts";

/** An iptables match inside of an nf_tables rule, as iptables-nft writes those that it cannot say natively. */
export interface MatchExpression {
  readonly kind: "match";
  readonly name: string;
  readonly revision: number;
  /** The extension's own struct. */
  readonly info: Uint8Array;
}

/** An iptables target inside of an nf_tables rule: `MASQUERADE`, `SNAT`, `TCPMSS`. */
export interface TargetExpression {
  readonly kind: "target";
  readonly name: string;
  readonly revision: number;
  readonly info: Uint8Array;
}

// enum nft_match_attributes and enum nft_target_attributes, nf_tables_compat.h: the same numbers.
const NAME = 1;
const REVISION = 2;
const INFO = 3;

/** `match` of nft_compat */
export const match: ExpressionCodec<MatchExpression> = {
  name: "match",
  required: [NAME, REVISION, INFO],
  encode: encodeExtension,
  decode: (data) => ({ kind: "match", ...decodeExtension(data) }),
};

/** `target` of nft_compat */
export const target: ExpressionCodec<TargetExpression> = {
  name: "target",
  required: [NAME, REVISION, INFO],
  encode: encodeExtension,
  decode: (data) => ({ kind: "target", ...decodeExtension(data) }),
};

function encodeExtension(value: MatchExpression | TargetExpression) {
  return [
    attrString(NAME, value.name),
    attrBe32(REVISION, value.revision),
    attrBytes(INFO, value.info),
  ];
}

function decodeExtension(data: ExpressionData) {
  return {
    name: readString(data.get(NAME) ?? NOTHING),
    revision: required(data, REVISION),
    info: data.get(INFO) ?? NOTHING,
  };
}

const NOTHING = new Uint8Array(0);
