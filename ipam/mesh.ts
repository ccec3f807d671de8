import { CniError, ErrorCode } from "../cni/error.ts";
import {
  addressFromBytes,
  addressValue,
  type Cidr,
  firstAddress,
  lastAddress,
} from "../ip/cidr.ts";
import { type Range, type RangeSet, rangeText } from "./configuration/range.ts";

/** What the front door knows about this node and the clusters it is linked to. */
export interface Mesh {
  /** This node's pod CIDRs, from its cluster file or discovered; empty where none was found. */
  readonly podCidrs: () => readonly Cidr[];
  /** Every CIDR of every other cluster. */
  readonly remote: () => readonly RemoteCidr[];
  /** Addresses of nodes, 4 or 16 bytes each. */
  readonly nodeAddresses: () => readonly Uint8Array[];
}

/** A CIDR that lives in another cluster. */
export interface RemoteCidr {
  readonly cluster: string;
  readonly cidr: Cidr;
}

/** Refuses range sets with addresses that belong to another cluster. Throws CniError 7 that names both. */
export function refuseRemote(
  network: string,
  sets: readonly RangeSet[],
  mesh: Mesh | undefined,
): void {
  const remote = mesh?.remote() ?? [];
  for (const range of sets.flat()) {
    const other = remote.find(({ cidr }) => rangeMeets(range, cidr));
    if (other) throw collision(network, range, other);
  }
}

/** Addresses of the ranges that nobody gets, as text, and what they are. */
export function reservedAddresses(
  sets: readonly RangeSet[],
  mesh: Mesh | undefined,
): ReadonlyMap<string, string> {
  const ranges = sets.flat();
  return new Map([
    ...(mesh?.nodeAddresses() ?? []).map((bytes) =>
      because(addressFromBytes(bytes).text, "a node's address"),
    ),
    ...ranges.flatMap(({ subnet }) => [
      because(firstAddress(subnet).text, "the network's own address"),
      ...(subnet.family === 4
        ? [because(lastAddress(subnet).text, "the broadcast address")]
        : []),
    ]),
    ...ranges.map(({ gateway }) => because(gateway.text, "subnet's gateway")),
  ]);
}

function because(text: string, reason: string): readonly [string, string] {
  return [text, reason];
}

function rangeMeets({ subnet, first, last }: Range, cidr: Cidr): boolean {
  if (subnet.family !== cidr.family) return false;
  return (
    first <= addressValue(lastAddress(cidr).bytes) &&
    addressValue(cidr.bytes) <= last
  );
}

function collision(
  network: string,
  range: Range,
  { cluster, cidr }: RemoteCidr,
): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use range ${rangeText(range)} of network "${network}": it overlaps ${cidr.text} of cluster "${cluster}"`,
    {
      details:
        "pods here would have addresses that are routed to that cluster; give one of the two another range",
    },
  );
}
