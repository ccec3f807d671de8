import { XFRM_MODE_TRANSPORT, XFRM_MODE_TUNNEL } from "../constants.ts";
import type { Mode } from "../selector.ts";

/** The kernel's number of a mode. */
export function encodeMode(mode: Mode): number {
  if (mode === "tunnel") return XFRM_MODE_TUNNEL;
  if (mode === "transport") return XFRM_MODE_TRANSPORT;
  return Number(mode.slice("mode ".length));
}

/** The word for the kernel's number. */
export function decodeMode(number: number): Mode {
  if (number === XFRM_MODE_TUNNEL) return "tunnel";
  if (number === XFRM_MODE_TRANSPORT) return "transport";
  return `mode ${number}`;
}
