import { type Cidr, cidrContains, cidrOf } from "../../ip/cidr.ts";
import type { IpPrefix, ObservedPolicy } from "../../native/index.ts";
import type { Session } from "../kernel/session.ts";
import { ownsPolicy } from "../owned.ts";
import type { KernelOperation } from "../reconcile/operation.ts";
import { takingDown } from "./phases.ts";

/**
 * The steps that take down what still leads into networks, or out of them, but for the fence: every policy of ours that names
 * one at either end, and the SAs that no other policy of ours needs. What lies within a network that is kept stays.
 */
export function tunnelsInto(
  { xfrm }: Session,
  networks: readonly Cidr[],
  kept: readonly Cidr[],
): KernelOperation[] {
  const own = xfrm.policies().filter(ownsPolicy);
  const isGoing = (prefix: IpPrefix): boolean =>
    isWithin(prefix, networks) && !isWithin(prefix, kept);
  const names = (policy: ObservedPolicy): boolean =>
    !isFence(policy) &&
    (isGoing(policy.selector.source) || isGoing(policy.selector.destination));
  const going = own.filter(names);
  const needed = reqidsOf(own.filter((policy) => !names(policy)));
  const named = reqidsOf(going);
  const associations = xfrm
    .associations()
    .filter(({ reqid }) => named.has(reqid) && !needed.has(reqid));
  return takingDown([
    ...going.map(
      (policy) => ({ object: "policy", verb: "delete", policy }) as const,
    ),
    ...associations.map(
      (association) =>
        ({ object: "association", verb: "delete", association }) as const,
    ),
  ]);
}

function isWithin(
  { address, length }: IpPrefix,
  networks: readonly Cidr[],
): boolean {
  const inner = cidrOf(address, length);
  return networks.some((network) => cidrContains(network, inner));
}

/** Its block policies have any address at the near end. */
function isFence({ action, direction, selector }: ObservedPolicy): boolean {
  const near = direction === "out" ? selector.source : selector.destination;
  return action === "block" && near.length === 0;
}

function reqidsOf(policies: readonly ObservedPolicy[]): Set<number> {
  return new Set(
    policies.flatMap(({ templates }) => templates.map(({ reqid }) => reqid)),
  );
}
