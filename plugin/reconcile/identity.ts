import {
  type AssociationId,
  type IpPrefix,
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
  return `${direction} ${selectorIdentity(selector)} ${markIdentity(mark)} ${ifId === 0 ? "" : String(ifId)}`;
}

/** What makes two SAs one object: destination, SPI, protocol (RFC 4301 §4.1) and mark. */
export function associationIdentity(association: AssociationId): string {
  const { destination, spi, protocol = 50, mark } = association;
  return `${String(spi)} ${String(protocol)} ${markIdentity(mark)} ${latin1(destination)}`;
}

/** What makes two routes one object: table, destination and metric (fib_table_insert). */
export function routeIdentity(route: Route): string {
  return `${String(route.table)} ${prefixIdentity(route.destination)} ${String(route.priority ?? 0)}`;
}

function selectorIdentity(selector: Selector): string {
  const {
    source,
    destination,
    protocol = 0,
    sourcePort = 0,
    destinationPort = 0,
  } = selector;
  const device = selector.interfaceIndex ?? 0;
  const special = protocol + sourcePort + destinationPort + device > 0;
  const more = special
    ? `${String(protocol)} ${String(sourcePort)} ${String(destinationPort)} ${String(device)}`
    : "";
  return `${prefixIdentity(source)} ${prefixIdentity(destination)} ${more}`;
}

/** Says how many bytes follow, so that none of them is taken for what comes behind. */
function prefixIdentity({ address, length }: IpPrefix): string {
  return `${String(address.length)}/${String(length)}:${latin1(address)}`;
}

/** Bytes as characters: tens of thousands of identities are made and compared at each look, and nobody reads them. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as never);
}

function markIdentity(mark: Mark | undefined): string {
  return mark === undefined || (mark.value === 0 && mark.mask === 0)
    ? ""
    : `${String(mark.value)}/${String(mark.mask)}`;
}
