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
  const codes = [DIRECTIONS.indexOf(direction)];
  addPrefix(codes, selector.source);
  addPrefix(codes, selector.destination);
  const rest = [
    portsIdentity(selector),
    markIdentity(mark),
    ifId === 0 ? "" : `if ${String(ifId)}`,
  ];
  return packed(codes, rest.filter(Boolean));
}

const DIRECTIONS: readonly string[] = [
  "in",
  "out",
  "fwd",
  "socket in",
  "socket out",
] satisfies PolicyId["direction"][];

/** What makes two SAs one object: destination, SPI, protocol (RFC 4301 §4.1) and mark. */
export function associationIdentity(association: AssociationId): string {
  const { destination, spi, protocol = 50, mark } = association;
  const codes = [spi >>> 24, (spi >>> 16) & 0xff, (spi >>> 8) & 0xff];
  codes.push(spi & 0xff, protocol);
  addPrefix(codes, { address: destination, length: 8 * destination.length });
  return packed(codes, [markIdentity(mark)].filter(Boolean));
}

/** What makes two routes one object: table, destination and metric (fib_table_insert). */
export function routeIdentity(route: Route): string {
  const codes: number[] = [];
  addPrefix(codes, route.destination);
  return packed(codes, [
    `table ${String(route.table)}`,
    `metric ${String(route.priority ?? 0)}`,
  ]);
}

function portsIdentity(selector: Selector): string {
  const { protocol = 0, sourcePort = 0, destinationPort = 0 } = selector;
  const device = selector.interfaceIndex ?? 0;
  return protocol + sourcePort + destinationPort + device === 0
    ? ""
    : `for ${[protocol, sourcePort, destinationPort, device].join(" ")}`;
}

function markIdentity(mark: Mark | undefined): string {
  return mark === undefined || (mark.value === 0 && mark.mask === 0)
    ? ""
    : `mark ${String(mark.value)}/${String(mark.mask)}`;
}

/** Says how many bytes follow, so that none of them is taken for what comes behind. */
function addPrefix(codes: number[], { address, length }: IpPrefix): void {
  codes.push(address.length, length);
  for (const byte of address) codes.push(byte);
}

/**
 * Bytes as characters, and what few objects have behind them: tens of thousands of identities are made and compared at each look, and
 * nobody reads them. At once, since V8 would keep each part of a text that is put together.
 */
function packed(codes: number[], rest: readonly string[]): string {
  const text = String.fromCharCode.apply(undefined, codes);
  return rest.length === 0 ? text : [text, ...rest].join(" ");
}
