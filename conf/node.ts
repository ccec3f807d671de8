import { parseAddress } from "../ip/cidr.ts";
import { orRefuse, type Refuse, type WhereIs } from "./document/problem.ts";
import type { Node } from "./generated/cluster.ts";
import { reservedBlock } from "./reserved.ts";

/** A node's address, and where it stands in the file. */
export interface NodeAddress {
  /** In its canonical spelling. */
  readonly text: string;
  readonly pointer: string;
  readonly node: Node;
  readonly elastic: boolean;
}

/** What is told of nodes whose addresses are read. */
export interface SaidOfNodes {
  readonly refuse: Refuse;
  readonly whereIs: WhereIs;
  /** Those that were read before, and are as that left them: they are not read again. */
  readonly known: ReadonlySet<Node>;
}

/** Reads the addresses of a cluster's nodes, a list a node. No name and no address may occur twice. */
export function readAddresses(
  nodes: readonly Node[],
  { refuse, whereIs, known }: SaidOfNodes,
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
    const read = known.has(node) ? asItIs : textOf;
    const addresses = addressesOf(node, pointer, (text, at) =>
      read(text, at, refuse),
    );
    for (const found of addresses)
      requireUnused(found, owners, { refuse, whereIs });
    return addresses;
  });
}

function requireUnused(
  found: NodeAddress,
  owners: Map<string, NodeAddress>,
  { refuse, whereIs }: Pick<SaidOfNodes, "refuse" | "whereIs">,
): void {
  const other = owners.get(found.text);
  // A public address right on the node's own network card is both private and elastic.
  const isBoth = other?.node === found.node && !other.elastic && found.elastic;
  if (other !== undefined && !isBoth) {
    refuse({
      pointer: found.pointer,
      fact: `"${found.text}" is at ${whereIs(other.pointer)} too`,
    });
  }
  owners.set(found.text, found);
}

function addressesOf(
  node: Node,
  pointer: string,
  read: (text: string, pointer: string) => string,
): NodeAddress[] {
  const addresses = node.ips.map((text, i): NodeAddress => {
    const at = `${pointer}/ips/${i}`;
    return { text: read(text, at), pointer: at, node, elastic: false };
  });
  if (node.elasticIP !== undefined) {
    const at = `${pointer}/elasticIP`;
    const text = read(node.elasticIP, at);
    addresses.push({ text, pointer: at, node, elastic: true });
  }
  return addresses;
}

function asItIs(text: string): string {
  return text;
}

function textOf(text: string, pointer: string, refuse: Refuse): string {
  const address = orRefuse(() => parseAddress(text), pointer, refuse);
  const prefix = address.bytes.length * 8;
  const block = reservedBlock({ ...address, prefix });
  if (block === undefined) return address.text;
  return refuse({
    pointer,
    fact: `"${address.text}" is in ${block}`,
    fix: "write an address at which other nodes reach this one",
  });
}
