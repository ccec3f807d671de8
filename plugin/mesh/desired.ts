import { type Cidr, compareCidrs } from "../../ip/cidr.ts";
import type {
  SecurityAssociation,
  SecurityPolicy,
} from "../../native/index.ts";
import { checkMesh } from "./checks.ts";
import { secretNames } from "./ipsec/derived.ts";
import type { KeyedTunnel } from "./ipsec/keyed-tunnel.ts";
import { ikeTunnels } from "./ipsec/ike.ts";
import {
  blockUnserved,
  blockUntranslated,
  gatewayPolicies,
  policiesOfAll,
  protectPolicies,
} from "./ipsec/policies.ts";
import { firstAssociations, inOrder, placesOf } from "./ipsec/series.ts";
import { joinSorted } from "./join-sorted.ts";
import { type KeyringOf, keyringsOf } from "./keyring-of.ts";
import { type Keying, keyTunnels } from "./key-tunnels.ts";
import { legsOf, wrappingsBeyond } from "./legs.ts";
import { keptForNothing, type MeshMemory, meshMemory } from "./memory.ts";
import { podsOf } from "./members.ts";
import { widest } from "./networks.ts";
import { byPlace, ikePeer } from "./peers.ts";
import { exemptionsFor, mappingsOf, peerRoutes, plainRoutes } from "./reach.ts";
import { senderNumbers } from "./senders.ts";
import { standbyTunnels } from "./standby.ts";
import type {
  DesiredMesh,
  NetworkPair,
  GlobalMapping,
  Peer,
  RemoteRoute,
} from "./state.ts";
import type { TunnelGroup } from "./tunnel-group.ts";
import type { Tunnel } from "./tunnels.ts";
import { type MeshInput, type View, viewOf } from "./view.ts";
import { warningsOf } from "./warnings.ts";
import { placed } from "./whereabouts.ts";

export type { DesiredMesh } from "./state.ts";
export type { MeshInput } from "./view.ts";

/**
 * What one node's kernel should hold. Pure: the same input gives the same output, in the same order.
 *
 * @param memory of an earlier mesh; what comes out does not depend on it
 * @throws CniError 7 where the files contradict each other or this node
 */
export function desiredMesh(
  input: MeshInput,
  memory: MeshMemory = meshMemory(keptForNothing),
): DesiredMesh {
  const found = lookAround(input, memory);
  const { view, groups, keyringOf } = found;
  const keyed = [...found.keying.keyed, ...found.keying.standby].flat();
  const exemptions = exemptionsOf(view);
  const globalMappings = mappingsIn(exemptions);
  const { blocking, protecting } = policiesIn(found, globalMappings, memory);
  return withLists({
    role: view.role,
    series: keyed,
    secrets: secretsOf(keyed, input, keyringOf),
    ike: ikeTunnels(found.keying.byIke, keyringOf),
    retiring: found.keying.retiring.flatMap(placesOf),
    blocking,
    protecting,
    routes: routesOf(view, groups),
    wrappingsBeyond: wrappingsBeyond(view),
    exemptions,
    globalMappings,
    peers: peersOf(found.keying, memory),
    standby: joinSorted(
      found.keying.standby.map((list) => memory.peersOf(list)),
      byPlace,
    ),
    needsKeyring: groups.some(({ tunnels }) => tunnels.length > 0),
    warnings: warningsIn(found, memory),
  });
}

/** Adds what is made when it is asked for. Not where a mesh is worked out: what that knows would stay as long as the mesh. */
function withLists(
  mesh: Omit<DesiredMesh, "associations" | "policies">,
): DesiredMesh {
  const { series, blocking, protecting } = mesh;
  let associations: SecurityAssociation[] | undefined;
  return {
    ...mesh,
    get associations() {
      return (associations ??= inOrder(series.flatMap(firstAssociations)));
    },
    get policies() {
      return [...blocking, ...protecting.flatMap(({ policies }) => policies)];
    },
  };
}

/** What blocks follows from the files as a whole; what protects is kept by tunnel. */
function policiesIn(
  { view, keying }: ReturnType<typeof lookAround>,
  mappings: readonly GlobalMapping[],
  memory: MeshMemory,
): Pick<DesiredMesh, "blocking" | "protecting"> {
  return {
    blocking: blocks(view, mappings),
    protecting: protectPolicies([
      ...keying.keyed.map((list) => memory.policiesOf(list)),
      policiesOfAll(keying.byIke),
    ]),
  };
}

function warningsIn(
  { view, groups, keyringOf, numbers }: ReturnType<typeof lookAround>,
  { warnings }: MeshMemory,
): string[] {
  const facts = {
    self: view.self,
    pods: view.pods,
    lists: groups.map(({ tunnels }) => tunnels),
    keyringOf,
    peers: [...view.peers, view.companions],
    numbers,
  };
  return warningsOf(facts, warnings);
}

/**
 * Whether files can be one node's mesh, without keys and whereabouts, which may be missing yet.
 *
 * @throws CniError 7 where the files contradict each other or this node
 */
export function requireMesh(input: MeshInput): void {
  survey(input, meshMemory(keptForNothing));
}

/** Who is there, and by which tunnels with which keys this node talks to them. */
function lookAround(input: MeshInput, memory: MeshMemory) {
  const { view, legs, lists, groups } = survey(input, memory);
  const numbers = senderNumbers(input.clusters, memory);
  const keyringOf = keyringsOf(input);
  const standby = standbyTunnels(view, legs, memory);
  const keying = keyTunnels(lists, standby, { keyringOf, numbers, memory });
  return { view, groups, numbers, keyringOf, keying };
}

/** Who is there, and by which tunnels this node would talk to them. */
function survey(input: MeshInput, memory: MeshMemory) {
  const view = viewOf(input, memory);
  const networks = widest(view.encrypted.flatMap(({ seen }) => seen));
  const legs = legsOf(view);
  const lists = [...farTunnels(view, memory), legs].map((list) =>
    placed(list, input.whereabouts ?? new Map(), networks),
  );
  const groups = lists.map((list) => memory.groupOf(list));
  checkMesh(
    {
      self: input.self,
      remotes: view.encrypted,
      locals: [...view.pods, ...input.localCidrs],
      groups,
    },
    memory.checks,
  );
  return { view, legs, lists, groups };
}

/** The mesh's own secrets are known by their ids; those of a pair of clusters are what they are today. */
function secretsOf(
  keyed: readonly KeyedTunnel[],
  { keyring }: Pick<MeshInput, "keyring">,
  keyringOf: KeyringOf,
): DesiredMesh["secrets"] {
  const inUse = keyed.some((tunnel) => keyringOf(tunnel) === keyring)
    ? keyring
    : undefined;
  return inUse === undefined ? new Map<number, string>() : secretNames(inUse);
}

function peersOf(
  { keyed, byIke }: Pick<Keying, "keyed" | "byIke">,
  { peersOf: of }: MeshMemory,
): Peer[] {
  const lists = [
    ...keyed.map((list) => of(list)),
    byIke.map(ikePeer).sort(byPlace),
  ];
  return joinSorted(lists, byPlace);
}

/** Tunnels with the other clusters, a list for each: those have one keyring, and are keyed alike. */
function farTunnels(
  { own, peers }: View,
  { tunnelsWith }: MeshMemory,
): (readonly Tunnel[])[] {
  return own === undefined ? [] : peers.map((list) => tunnelsWith(list, own));
}

function blocks(
  view: View,
  mappings: readonly GlobalMapping[],
): SecurityPolicy[] {
  if (view.role === "plain") return [];
  const remotes = widest(view.encrypted.flatMap(({ seen }) => seen));
  return [
    ...blockUntranslated(widest(mappings.map(({ global }) => global))),
    ...blockPassing(view, remotes),
  ];
}

/** What came out of a tunnel and may only go on into another, or to who is here. */
function blockPassing(
  { self, role, gateway, own }: View,
  remotes: readonly Cidr[],
): SecurityPolicy[] {
  if (remotes.length === 0 || role === "leaf") return [];
  return gateway === undefined
    ? blockUnserved(own?.services ?? [], remotes)
    : gatewayPolicies(podsOf(self.source, gateway), remotes);
}

function routesOf(view: View, groups: readonly TunnelGroup[]): RemoteRoute[] {
  return [
    ...peerRoutes(view.self.source, view.encrypted, groups),
    ...plainRoutes(view.plain),
  ].sort((a, b) => compareCidrs(a.destination, b.destination));
}

/** On a leaf its gateway translates what goes to encrypted clusters, and the leaf what goes to plain ones. */
function exemptionsOf(view: View): NetworkPair[] {
  const mappings = mappingsOf(view.self.source, view.pods);
  const traits = {
    encrypted: true,
    mappings: view.role === "leaf" ? [] : mappings,
  };
  const encrypted = exemptionsFor(
    view.pods,
    view.encrypted.flatMap(({ seen }) => seen),
    traits,
  );
  const plain = exemptionsFor(
    view.pods,
    view.plain.flatMap(({ seen }) => seen),
    { encrypted: false, mappings },
  );
  return [...encrypted, ...plain].sort(
    (a, b) =>
      compareCidrs(a.remote, b.remote) || compareCidrs(a.local, b.local),
  );
}

function mappingsIn(exemptions: readonly NetworkPair[]): GlobalMapping[] {
  const found = exemptions.flatMap(({ local: own, global }) =>
    global === undefined ? [] : [[own.text, { own, global }] as const],
  );
  return [...new Map(found).values()].sort((a, b) =>
    compareCidrs(a.own, b.own),
  );
}
