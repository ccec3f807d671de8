import type { Link } from "../../../native/index.ts";
import type { DeviceNames } from "../../reconcile/device-names.ts";

/** This node's devices by their indexes, each asked for once: thousands of ways lead over one. */
export type Links = (index: number) => Link | undefined;

export function namesOf(links: Links): DeviceNames {
  return (index) => links(index)?.name;
}

/** Whether a device can carry anything: IFF_UP and IFF_RUNNING, include/uapi/linux/if.h. */
export function hasCarrier({ flags }: Pick<Link, "flags">): boolean {
  return (flags & 0x41) === 0x41;
}
