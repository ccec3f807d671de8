import type { SourceRule } from "../../native/route/rule.ts";
import type { Link } from "../../native/route/link.ts";
import type { Route } from "../../native/route/route.ts";

/** The VXLAN device between the nodes of a gateway-mode cluster. */
export const OVERLAY_NAME = "crosslink0";

/** Its alias, which marks it as ours. */
export const OVERLAY_ALIAS = "crosslink";

/** "CL" in ASCII. */
const NUMBER = 0x434c;

/** The VNI. */
export const OVERLAY_ID = NUMBER;

/** UDP. Neither flannel's and Cilium's 8472 nor Calico's 4789, whose devices may want their port for themselves. */
export const OVERLAY_PORT = NUMBER;

/**
 * The device's index, chosen by us so that routes over it can be planned before it is there. The kernel counts up from
 * 1 and steps over taken ones (dev_new_index() in net/core/dev.c).
 */
export const OVERLAY_INDEX = 0x434c0000;

/** Where the gateway's ways back to the leaves' pods are, and the priority of the rules that lead there. */
export const OVERLAY_TABLE = NUMBER;
export const OVERLAY_PRIORITY = NUMBER;

/**
 * Only this host's, on every node the same, and of scope host, so nothing is ever sent from it. Without any address a
 * device drops all that the routes would send another way, in rp_filter's loose mode too (__fib_validate_source() in
 * net/ipv4/fib_frontend.c: last_resort).
 */
export const OVERLAY_ADDRESS: Uint8Array = Uint8Array.of(169, 254, 67, 76);

/**
 * Loose (2): a packet may come in by another device than its answer goes out by, as where the file doesn't say which pods
 * a leaf has. Below /proc/sys.
 */
export const reversePathFilterPath: string = `net/ipv4/conf/${OVERLAY_NAME}/rp_filter`;
export const REVERSE_PATH_LOOSE = "2";

/** What the device is made with. */
export interface OverlayDevice {
  readonly index: number;
  /** This node's address, from which it sends and to which its peers send. */
  readonly local: Uint8Array;
  readonly hardwareAddress: Uint8Array;
  /** Bytes. */
  readonly mtu: number;
}

/** Who has which hardware address on the overlay: a permanent neighbour entry. */
export interface OverlayNeighbour {
  readonly address: Uint8Array;
  readonly hardwareAddress: Uint8Array;
}

/** Which host frames for a hardware address go to: an entry of the device's forwarding table. */
export interface OverlayTarget {
  readonly hardwareAddress: Uint8Array;
  readonly destination: Uint8Array;
}

/** What the node's kernel should hold of the overlay, and of the ways inside of the own cluster. */
export interface DesiredOverlay {
  /** Left out where all companions are on one link. */
  readonly device?: OverlayDevice;
  readonly neighbours: readonly OverlayNeighbour[];
  readonly targets: readonly OverlayTarget[];
  /** To the leaves' pods, in our own table. */
  readonly routes: readonly Route[];
  readonly rules: readonly SourceRule[];
}

/** What it holds. */
export interface ObservedOverlay {
  /** The device of that name, whosever it is. */
  readonly link?: Link;
  /** Whether the device has {@link OVERLAY_ADDRESS}. */
  readonly addressed: boolean;
  /** rp_filter of the device. */
  readonly reversePathFilter?: string;
  readonly neighbours: readonly OverlayNeighbour[];
  readonly targets: readonly OverlayTarget[];
  readonly rules: readonly SourceRule[];
}

/** What is wanted of a node that is in no gateway-mode cluster. */
export const NO_OVERLAY: DesiredOverlay = {
  neighbours: [],
  targets: [],
  routes: [],
  rules: [],
};
