import {
  type AssociationId,
  formatAddress,
  formatPrefix,
  type Mark,
  type PolicyId,
  type Route,
  type Selector,
} from "../../native/index.ts";

/**
 * What makes two policies one object for the kernel: selector, direction, mark and if_id
 * (net/xfrm/xfrm_policy.c, xfrm_policy_insert_list). The priority is not part of it.
 */
export function policyIdentity(policy: PolicyId): string {
  const { direction, selector, mark, ifId = 0 } = policy;
  return `${direction} ${selectorIdentity(selector)} ${markIdentity(mark)} ${String(ifId)}`;
}

/** What makes two SAs one object: destination, SPI, protocol (RFC 4301 §4.1) and mark. */
export function associationIdentity(association: AssociationId): string {
  const { destination, spi, protocol = 50, mark } = association;
  return `${formatAddress(destination)} ${String(spi)} ${String(protocol)} ${markIdentity(mark)}`;
}

/** What makes two routes one object: table, destination and metric (fib_table_insert). */
export function routeIdentity(route: Route): string {
  return `${String(route.table)} ${formatPrefix(route.destination)} ${String(route.priority ?? 0)}`;
}

function selectorIdentity(selector: Selector): string {
  const {
    source,
    destination,
    protocol = 0,
    sourcePort = 0,
    destinationPort = 0,
  } = selector;
  const ports = `${String(protocol)} ${String(sourcePort)} ${String(destinationPort)}`;
  const device = String(selector.interfaceIndex ?? 0);
  return `${formatPrefix(source)} ${formatPrefix(destination)} ${ports} ${device}`;
}

function markIdentity(mark: Mark | undefined): string {
  return mark === undefined
    ? "0/0"
    : `${String(mark.value)}/${String(mark.mask)}`;
}
