import type { Link } from "../../native/route/link.ts";
import { OVERLAY_ALIAS, OVERLAY_INDEX, OVERLAY_NAME } from "./state.ts";

/**
 * Whether a device is our overlay: by its alias; or by its index, where a process died between making the device and
 * marking it.
 */
export function isOurs({ name, kind, alias, index }: Link): boolean {
  if (name !== OVERLAY_NAME || kind !== "vxlan") return false;
  return (
    alias === OVERLAY_ALIAS || (alias === undefined && index === OVERLAY_INDEX)
  );
}
