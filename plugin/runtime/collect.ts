import { freeHoldings } from "../../ipam/admin/administer.ts";
import { type Holding, takeInventory } from "../../ipam/admin/inventory.ts";
import {
  cachedResult,
  defaultResultsDir,
} from "../../ipam/liveness/results.ts";
import type { Binding } from "../../native/index.ts";
import type { IpamNetwork } from "../install/networks.ts";
import type { Log } from "../kernel/log.ts";
import type { Session } from "../kernel/session.ts";
import { detachLeftovers, labelledLinks } from "../pod/detach.ts";
import type { LabelledAttachment } from "../pod/label.ts";
import type { Leftovers } from "./leftovers.ts";
import { inodeOf, occupiedNamespaces } from "./occupied.ts";

/** What one collection of leftovers works with. */
export interface GarbageCollection {
  readonly session: Session;
  readonly binding: Binding;
  /** The IDs of all sandboxes that the runtime knows. */
  readonly sandboxes: ReadonlySet<string>;
  readonly networks: readonly IpamNetwork[];
  readonly memory: Leftovers;
  readonly log: Log;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * Takes away what dead sandboxes have left: host routes, proxies and labels, and addresses of crosslink-ipam. No runtime
 * calls GC of its own accord, and a DEL that never came is not made up for by anyone else.
 *
 * What lives is never touched: a sandbox that the runtime knows, in whatever state, or one that a process is in.
 */
export function collectLeftovers(collection: GarbageCollection): void {
  const { session, memory, log, now } = collection;
  const addresses = collection.networks.flatMap((each) =>
    heldIn(each, collection),
  );
  const labels = labelledLinks(session).map(({ label }) => label);
  const occupied = occupiedNamespaces();
  const lives = (attachment: LabelledAttachment): boolean =>
    collection.sandboxes.has(attachment.containerID) ||
    isOccupied(attachment, occupied);
  const stale = memory.judge([...labels, ...addresses], lives, now);
  if (stale.length === 0) return;
  detachLeftovers(session, stale);
  for (const each of collection.networks) freeIn(each, collection, stale);
  for (const { network, containerID, ifname } of stale)
    log("info", LEFT, { network, containerID, ifname });
}

const LEFT = "took away what a sandbox left that the runtime knows no more";

type Held = LabelledAttachment & { readonly netns?: string };

function heldIn(
  network: IpamNetwork,
  collection: GarbageCollection,
): (Holding & Held)[] {
  return takeInventory(premisesOf(network, collection))
    .filter((holding) => holding.network === network.network)
    .filter(
      (holding): holding is Holding & Held =>
        holding.containerID !== undefined && holding.ifname !== undefined,
    );
}

/** Only where the address still has the holder that was looked at: since then it may have gone to another pod. */
function freeIn(
  network: IpamNetwork,
  collection: GarbageCollection,
  stale: readonly LabelledAttachment[],
): void {
  const gone = (held: Held): boolean =>
    stale.some(
      ({ network: name, containerID, ifname }) =>
        name === held.network &&
        containerID === held.containerID &&
        ifname === held.ifname,
    );
  const holdings = heldIn(network, collection).filter(gone);
  for (const { address } of freeHoldings(
    holdings,
    premisesOf(network, collection),
  ))
    collection.log("info", "freed an address", {
      network: network.network,
      address,
    });
}

function premisesOf({ dataDir }: IpamNetwork, { binding }: GarbageCollection) {
  return {
    binding: () => binding,
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

function isOccupied(attachment: Held, occupied: ReadonlySet<number>): boolean {
  const netns =
    attachment.netns ??
    cachedResult(defaultResultsDir, attachment.network, attachment)?.netns;
  const inode = netns === undefined ? undefined : inodeOf(netns);
  return inode !== undefined && occupied.has(inode);
}
