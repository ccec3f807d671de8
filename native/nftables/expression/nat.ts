import { attrBe32 } from "../../attribute.ts";
import {
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from "../constants.ts";
import { optional, required, wordOf } from "./codec.ts";
import type { ExpressionCodec } from "./codec.ts";

/** Gives the connection a new source or destination, taken from registers. */
export interface NatExpression {
  readonly kind: "nat";
  readonly type: "snat" | "dnat";
  /** `AF_INET` or `AF_INET6` of the addresses. */
  readonly family: number;
  readonly addressRegister?: number;
  /** End of the range; with `NF_NAT_RANGE_NETMAP` first and last address of the prefix. */
  readonly lastAddressRegister?: number;
  readonly portRegister?: number;
  readonly lastPortRegister?: number;
  /** `NF_NAT_RANGE_*`; the kernel adds MAP_IPS and PROTO_SPECIFIED itself. */
  readonly flags: number;
}

/** Gives the connection the address of the interface it leaves through. */
export interface MasqueradeExpression {
  readonly kind: "masq";
  readonly flags: number;
  readonly portRegister?: number;
  readonly lastPortRegister?: number;
}

const TYPES = ["snat", "dnat"] as const;

// enum nft_nat_attributes
const NAT_TYPE = 1;
const NAT_FAMILY = 2;
const NAT_REG_ADDR_MIN = 3;
const NAT_REG_ADDR_MAX = 4;
const NAT_REG_PROTO_MIN = 5;
const NAT_REG_PROTO_MAX = 6;
const NAT_FLAGS = 7;
// enum nft_masq_attributes
const MASQ_FLAGS = 1;
const MASQ_REG_PROTO_MIN = 2;
const MASQ_REG_PROTO_MAX = 3;

/** `nat` */
export const nat: ExpressionCodec<NatExpression> = {
  name: "nat",
  required: [NAT_TYPE, NAT_FAMILY],
  optional: [
    NAT_REG_ADDR_MIN,
    NAT_REG_ADDR_MAX,
    NAT_REG_PROTO_MIN,
    NAT_REG_PROTO_MAX,
    NAT_FLAGS,
  ],
  encode: (value) => [
    attrBe32(NAT_TYPE, TYPES.indexOf(value.type)),
    attrBe32(NAT_FAMILY, value.family),
    ...register(NAT_REG_ADDR_MIN, value.addressRegister),
    ...register(NAT_REG_ADDR_MAX, value.lastAddressRegister),
    ...register(NAT_REG_PROTO_MIN, value.portRegister),
    ...register(NAT_REG_PROTO_MAX, value.lastPortRegister),
    ...(value.flags === 0 ? [] : [attrBe32(NAT_FLAGS, value.flags)]),
  ],
  decode: (data) => {
    const type = wordOf(TYPES, required(data, NAT_TYPE));
    return type === undefined
      ? undefined
      : {
          kind: "nat",
          type,
          family: required(data, NAT_FAMILY),
          ...named("addressRegister", optional(data, NAT_REG_ADDR_MIN)),
          ...named("lastAddressRegister", optional(data, NAT_REG_ADDR_MAX)),
          ...named("portRegister", optional(data, NAT_REG_PROTO_MIN)),
          ...named("lastPortRegister", optional(data, NAT_REG_PROTO_MAX)),
          flags: optional(data, NAT_FLAGS) ?? 0,
        };
  },
};

/** `masq` */
export const masq: ExpressionCodec<MasqueradeExpression> = {
  name: "masq",
  required: [],
  optional: [MASQ_FLAGS, MASQ_REG_PROTO_MIN, MASQ_REG_PROTO_MAX],
  encode: ({ flags, portRegister, lastPortRegister }) => [
    ...(flags === 0 ? [] : [attrBe32(MASQ_FLAGS, flags)]),
    ...register(MASQ_REG_PROTO_MIN, portRegister),
    ...register(MASQ_REG_PROTO_MAX, lastPortRegister),
  ],
  decode: (data) => ({
    kind: "masq",
    flags: optional(data, MASQ_FLAGS) ?? 0,
    ...named("portRegister", optional(data, MASQ_REG_PROTO_MIN)),
    ...named("lastPortRegister", optional(data, MASQ_REG_PROTO_MAX)),
  }),
};

/** The expression with what the kernel adds: ends of ranges of one, and the flags that say what is given. */
export function completeNat(value: NatExpression): NatExpression {
  const { addressRegister, portRegister } = value;
  const lastAddressRegister = value.lastAddressRegister ?? addressRegister;
  const lastPortRegister = value.lastPortRegister ?? portRegister;
  return {
    ...value,
    ...named("lastAddressRegister", lastAddressRegister),
    ...named("lastPortRegister", lastPortRegister),
    flags:
      value.flags |
      (addressRegister === undefined ? 0 : NF_NAT_RANGE_MAP_IPS) |
      (portRegister === undefined ? 0 : NF_NAT_RANGE_PROTO_SPECIFIED),
  };
}

function register(type: number, value: number | undefined) {
  return value === undefined ? [] : [attrBe32(type, value)];
}

function named<Name extends string>(
  name: Name,
  value: number | undefined,
): { [Key in Name]?: number } {
  return (value === undefined ? {} : { [name]: value }) as {
    [Key in Name]?: number;
  };
}
