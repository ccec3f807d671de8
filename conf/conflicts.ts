import type { LocatedCidr, ReadCluster } from "./cluster.ts";
import type { Refuse, WhereIs } from "./document/problem.ts";
import type { NodeAddress } from "./node.ts";
import { firstOverlap, overlapping, sortByCidr } from "./overlap.ts";

/** One cluster file among the others. */
export interface MeshFile extends ReadCluster {
  readonly path: string;
  readonly refuse: Refuse;
  /** For files that are refused because of this one. */
  readonly whereIs: WhereIs;
}

/**
 * Refuses clusters that cannot be in one mesh: the same name, network or address in two files.
 *
 * The file that is later in order is the one refused; the message names both.
 */
export function requireNoConflicts(members: readonly MeshFile[]): void {
  requireNames(members);
  const seen = requireNetworks(members);
  requireHidden(members, seen);
  requireElastic(members);
}

/** A network and the file that networks it. */
interface CidrOfFile extends LocatedCidr {
  readonly member: MeshFile;
  readonly order: number;
}

function requireNames(members: readonly MeshFile[]): void {
  const names = new Map<string, MeshFile>();
  for (const member of members) {
    const other = names.get(member.cluster.name);
    if (other !== undefined) {
      member.refuse({
        pointer: "/name",
        fact: `"${member.cluster.name}" is the name of the cluster in "${other.path}" too`,
        fix: "give each cluster its own name, or remove the file that is a copy",
      });
    }
    names.set(member.cluster.name, member);
  }
}

/** All networks as other clusters see them, sorted; no two of them overlap. */
function requireNetworks(members: readonly MeshFile[]): CidrOfFile[] {
  const all = sortByCidr(claimed(members, (member) => member.effective));
  const pair = firstOverlap(all);
  if (pair !== undefined) refuseOverlap(...pair);
  return all;
}

function claimed(
  members: readonly MeshFile[],
  pick: (member: MeshFile) => readonly LocatedCidr[],
): CidrOfFile[] {
  return members.flatMap((member, order) =>
    pick(member).map((network) => ({ ...network, member, order })),
  );
}

function refuseOverlap(a: CidrOfFile, b: CidrOfFile): never {
  const [first, second] = a.order <= b.order ? [a, b] : [b, a];
  return second.member.refuse({
    pointer: second.pointer,
    fact: `"${second.cidr.text}" overlaps "${first.cidr.text}" at ${first.member.whereIs(first.pointer)}`,
    fix: second.pointer.startsWith("/serviceCIDRs")
      ? 'take it out of "serviceCIDRs" in all but one of the files'
      : 'map the pod CIDRs of both clusters to networks that nobody else has, with "globalCIDRs"',
  });
}

/** A pod cannot reach another cluster's network that its own cluster has under the same number. */
function requireHidden(
  members: readonly MeshFile[],
  seen: readonly CidrOfFile[],
): void {
  for (const own of claimed(members, (member) => member.hidden)) {
    const other = overlapping(seen, own.cidr).find(
      (network) => network.member !== own.member,
    );
    if (other !== undefined) refuseOverlap(own, other);
  }
}

/** The cloud maps an elastic address to one machine; private addresses may be the same behind different ones. */
function requireElastic(members: readonly MeshFile[]): void {
  const owners = new Map<string, AddressOfFile>();
  for (const found of addresses(members)) {
    if (!found.elastic) continue;
    const owner = owners.get(found.text);
    if (owner !== undefined) refuseAddress(found, owner);
    owners.set(found.text, found);
  }
  for (const found of addresses(members)) {
    const owner = owners.get(found.text);
    if (owner !== undefined && owner.node !== found.node) {
      refuseAddress(found, owner);
    }
  }
}

interface AddressOfFile extends NodeAddress {
  readonly member: MeshFile;
}

function addresses(members: readonly MeshFile[]): AddressOfFile[] {
  return members.flatMap((member) =>
    member.addresses.map((found) => ({ ...found, member })),
  );
}

function refuseAddress(found: AddressOfFile, owner: AddressOfFile): never {
  return found.member.refuse({
    pointer: found.pointer,
    fact: `"${found.text}" is the elastic address at ${owner.member.whereIs(owner.pointer)}`,
    fix: "give each node its own elastic address",
  });
}
