import type { Link } from "../../../native/index.ts";

/** Whether a device can carry anything: IFF_UP and IFF_RUNNING, include/uapi/linux/if.h. */
export function hasCarrier({ flags }: Pick<Link, "flags">): boolean {
  return (flags & 0x41) === 0x41;
}
