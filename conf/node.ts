import { type Address, parseAddress } from "../ip/cidr.ts";
import { orRefuse, type Refuse, type WhereIs } from "./document/problem.ts";
import type { Node } from "./generated/cluster.ts";
import { reservedBlock } from "./reserved.ts";

/** A node's address, and where it stands in the file. */
export interface NodeAddress {
  readonly address: Address;
  readonly pointer: string;
  readonly node: Node;
  readonly elastic: boolean;
}

/** Reads the addresses of a cluster's nodes, a list a node. No name and no address may occur twice. */
export function readAddresses(
  nodes: readonly Node[],
  refuse: Refuse,
  whereIs: WhereIs,
): NodeAddress[][] {
  const names = new Map<string, string>();
  const owners = new Map<string, NodeAddress>();
  return nodes.map((node, i) => {
    const pointer = `/nodes/${i}`;
    const other = names.get(node.name);
    if (other !== undefined) {
      refuse({
        pointer: `${pointer}/name`,
        fact: `"${node.name}" is the name of ${whereIs(other)} too`,
      });
    }
    names.set(node.name, pointer);
    const addresses = addressesOf(node, pointer, refuse);
    for (const found of addresses)
      requireUnused(found, owners, { refuse, whereIs });
    return addresses;
  });
}

function requireUnused(
  found: NodeAddress,
  owners: Map<string, NodeAddress>,
  { refuse, whereIs }: { readonly refuse: Refuse; readonly whereIs: WhereIs },
): void {
  const other = owners.get(found.address.text);
  // A public address right on the node's own network card is both private and elastic.
  const isBoth = other?.node === found.node && !other.elastic && found.elastic;
  if (other !== undefined && !isBoth) {
    refuse({
      pointer: found.pointer,
      fact: `"${found.address.text}" is at ${whereIs(other.pointer)} too`,
    });
  }
  owners.set(found.address.text, found);
}

function addressesOf(
  node: Node,
  pointer: string,
  refuse: Refuse,
): NodeAddress[] {
  const addresses = node.ips.map((text, i): NodeAddress => {
    const at = `${pointer}/ips/${i}`;
    const address = readAddress(text, at, refuse);
    return { address, pointer: at, node, elastic: false };
  });
  if (node.elasticIP !== undefined) {
    const at = `${pointer}/elasticIP`;
    const address = readAddress(node.elasticIP, at, refuse);
    addresses.push({ address, pointer: at, node, elastic: true });
  }
  return addresses;
}

function readAddress(text: string, pointer: string, refuse: Refuse): Address {
  const address = orRefuse(() => parseAddress(text), pointer, refuse);
  const prefix = address.bytes.length * 8;
  const block = reservedBlock({ ...address, prefix });
  if (block === undefined) return address;
  return refuse({
    pointer,
    fact: `"${address.text}" is in ${block}`,
    fix: "write an address at which other nodes reach this one",
  });
}
