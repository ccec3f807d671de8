import { type Address, parseAddress } from "../ip/cidr.ts";
import { orRefuse, type Refuse } from "./document/problem.ts";
import type { Node } from "./generated/cluster.ts";
import { reservedBlock } from "./reserved.ts";

/** A node's address, and where it stands in the file. */
export interface End {
  readonly address: Address;
  readonly pointer: string;
  readonly node: Node;
  readonly elastic: boolean;
}

/** Reads the addresses of a cluster's nodes, a list a node. No name and no address may occur twice. */
export function readEnds(nodes: readonly Node[], refuse: Refuse): End[][] {
  const names = new Map<string, string>();
  const owners = new Map<string, End>();
  return nodes.map((node, i) => {
    const pointer = `/nodes/${i}`;
    const other = names.get(node.name);
    if (other !== undefined) {
      refuse({
        pointer: `${pointer}/name`,
        fact: `"${node.name}" is the name of ${other} too`,
      });
    }
    names.set(node.name, pointer);
    const ends = readEndsOf(node, pointer, refuse);
    for (const end of ends) requireUnused(end, owners, refuse);
    return ends;
  });
}

function requireUnused(
  end: End,
  owners: Map<string, End>,
  refuse: Refuse,
): void {
  const other = owners.get(end.address.text);
  // A public address right on the node's own network card is both private and elastic.
  const isBoth = other?.node === end.node && !other.elastic && end.elastic;
  if (other !== undefined && !isBoth) {
    refuse({
      pointer: end.pointer,
      fact: `"${end.address.text}" is at ${other.pointer} too`,
    });
  }
  owners.set(end.address.text, end);
}

function readEndsOf(node: Node, pointer: string, refuse: Refuse): End[] {
  const ends = node.ips.map((text, i): End => {
    const at = `${pointer}/ips/${i}`;
    const address = readAddress(text, at, refuse);
    return { address, pointer: at, node, elastic: false };
  });
  if (node.elasticIP !== undefined) {
    const at = `${pointer}/elasticIP`;
    const address = readAddress(node.elasticIP, at, refuse);
    ends.push({ address, pointer: at, node, elastic: true });
  }
  return ends;
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
