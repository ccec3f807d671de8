import type { Cidr } from "../../ip/cidr.ts";
import { cidrOf } from "../../ip/cidr.ts";
import type { Route } from "../../native/index.ts";

/** RTN_BLACKHOLE: include/uapi/linux/rtnetlink.h. */
const BLACKHOLE = 6;

/** RTPROT_BIRD (include/uapi/linux/rtnetlink.h), and 80, which Felix uses for its own routes. */
const CALICO_PROTOCOLS: readonly number[] = [12, 80];

/**
 * This node's address blocks: Calico gives each a blackhole route, so that packets to an address
 * that no pod has do not loop. /32 and /128 are borrowed single addresses, not blocks.
 */
export function calicoBlocks(routes: readonly Route[]): Cidr[] {
  return routes
    .filter(
      ({ type, protocol }) =>
        type === BLACKHOLE && CALICO_PROTOCOLS.includes(protocol),
    )
    .map(({ destination }) => cidrOf(destination.address, destination.length));
}
