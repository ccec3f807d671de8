import type { Claim, ReadCluster } from "./cluster.ts";
import type { Refuse } from "./document/problem.ts";
import type { End } from "./node.ts";
import { firstOverlap, overlapping, sortByCidr } from "./overlap.ts";

/** One cluster file among the others. */
export interface Member extends ReadCluster {
  readonly path: string;
  readonly refuse: Refuse;
}

/**
 * Refuses clusters that cannot be in one mesh: the same name, network or address in two files.
 *
 * The file that is later in order is the one refused; the message names both.
 */
export function requireNoConflicts(members: readonly Member[]): void {
  requireNames(members);
  const seen = requireNetworks(members);
  requireHidden(members, seen);
  requireElastic(members);
}

/** A network and the file that claims it. */
interface Claimed extends Claim {
  readonly member: Member;
  readonly order: number;
}

function requireNames(members: readonly Member[]): void {
  const names = new Map<string, Member>();
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
function requireNetworks(members: readonly Member[]): Claimed[] {
  const all = sortByCidr(claimed(members, (member) => member.effective));
  const pair = firstOverlap(all);
  if (pair !== undefined) refuseOverlap(...pair);
  return all;
}

function claimed(
  members: readonly Member[],
  pick: (member: Member) => readonly Claim[],
): Claimed[] {
  return members.flatMap((member, order) =>
    pick(member).map((claim) => ({ ...claim, member, order })),
  );
}

function refuseOverlap(a: Claimed, b: Claimed): never {
  const [first, second] = a.order <= b.order ? [a, b] : [b, a];
  return second.member.refuse({
    pointer: second.pointer,
    fact: `"${second.cidr.text}" overlaps "${first.cidr.text}" at ${first.pointer} of "${first.member.path}"`,
    fix: second.pointer.startsWith("/serviceCIDRs")
      ? 'take it out of "serviceCIDRs" in all but one of the files'
      : 'map the pod CIDRs of both clusters to networks that nobody else has, with "globalCIDRs"',
  });
}

/** A pod cannot reach another cluster's network that its own cluster has under the same number. */
function requireHidden(
  members: readonly Member[],
  seen: readonly Claimed[],
): void {
  for (const own of claimed(members, (member) => member.hidden)) {
    const other = overlapping(seen, own.cidr).find(
      (claim) => claim.member !== own.member,
    );
    if (other !== undefined) refuseOverlap(own, other);
  }
}

/** The cloud maps an elastic address to one machine; private addresses may be the same behind different ones. */
function requireElastic(members: readonly Member[]): void {
  const owners = new Map<string, Placed>();
  for (const end of ends(members)) {
    if (!end.elastic) continue;
    const owner = owners.get(end.address.text);
    if (owner !== undefined) refuseAddress(end, owner);
    owners.set(end.address.text, end);
  }
  for (const end of ends(members)) {
    const owner = owners.get(end.address.text);
    if (owner !== undefined && owner.node !== end.node) {
      refuseAddress(end, owner);
    }
  }
}

interface Placed extends End {
  readonly member: Member;
}

function ends(members: readonly Member[]): Placed[] {
  return members.flatMap((member) =>
    member.ends.map((end) => ({ ...end, member })),
  );
}

function refuseAddress(end: Placed, owner: Placed): never {
  return end.member.refuse({
    pointer: end.pointer,
    fact: `"${end.address.text}" is the elastic address at ${owner.pointer} of "${owner.member.path}"`,
    fix: "give each node its own elastic address",
  });
}
