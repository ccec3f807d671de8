import { u64 } from "../../field.ts";
import { encode } from "../../layout.ts";
import { XFRM_INF } from "../constants.ts";
import type { Lifetime } from "../sa.ts";
import { xfrmLifetimeCfg, xfrmLifetimeCur } from "../structs.ts";

/** Of `struct xfrm_lifetime_cfg`: never expires. The times are 0, which means the same. */
export const UNLIMITED = {
  soft_byte_limit: XFRM_INF,
  hard_byte_limit: XFRM_INF,
  soft_packet_limit: XFRM_INF,
  hard_packet_limit: XFRM_INF,
} as const;

const CURRENT = xfrmLifetimeCur.offsets;
const FIRST_TIME = xfrmLifetimeCfg.offsets.soft_add_expires_seconds;

/** Reads `struct xfrm_lifetime_cur` at `base`. */
export function readLifetime(view: DataView, base: number): Lifetime {
  return {
    bytes: u64.read(view, base + CURRENT.bytes),
    packets: u64.read(view, base + CURRENT.packets),
    addTimeSeconds: u64.read(view, base + CURRENT.add_time),
    useTimeSeconds: u64.read(view, base + CURRENT.use_time),
  };
}

/** Writes `struct xfrm_lifetime_cur`. */
export function encodeLifetime(current: Lifetime): Uint8Array {
  return encode(xfrmLifetimeCur, {
    bytes: current.bytes,
    packets: current.packets,
    add_time: current.addTimeSeconds,
    use_time: current.useTimeSeconds,
  });
}

/** Whether the `struct xfrm_lifetime_cfg` at `base` sets no limit at all. */
export function isUnlimited(view: DataView, base: number): boolean {
  // All ones and all zeros are the same in either byte order.
  for (let offset = 0; offset < xfrmLifetimeCfg.size; offset += 4) {
    const none = offset < FIRST_TIME ? -1 : 0;
    if (view.getInt32(base + offset) !== none) return false;
  }
  return true;
}
