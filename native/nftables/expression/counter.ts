import { attrBe64, readBe64 } from "../../attribute.ts";
import type { ExpressionCodec } from "./codec.ts";

/** Counts what comes by. */
export interface CounterExpression {
  readonly kind: "counter";
  readonly packets: bigint;
  readonly bytes: bigint;
}

// enum nft_counter_attributes
const COUNTER_BYTES = 1;
const COUNTER_PACKETS = 2;
const COUNTER_PAD = 3;

/** `counter` */
export const counter: ExpressionCodec<CounterExpression> = {
  name: "counter",
  required: [],
  optional: [COUNTER_BYTES, COUNTER_PACKETS, COUNTER_PAD],
  // A counter that starts at zero has no attributes, as `nft` sends it.
  encode: ({ packets, bytes }) =>
    packets === 0n && bytes === 0n
      ? []
      : [attrBe64(COUNTER_BYTES, bytes), attrBe64(COUNTER_PACKETS, packets)],
  decode: (data) => ({
    kind: "counter",
    packets: read(data.get(COUNTER_PACKETS)),
    bytes: read(data.get(COUNTER_BYTES)),
  }),
};

function read(value: Uint8Array | undefined): bigint {
  return value === undefined ? 0n : readBe64(value);
}
