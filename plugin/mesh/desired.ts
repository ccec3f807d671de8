import { type Cidr, compareCidrs } from "../../ip/cidr.ts";
import type { SecurityPolicy } from "../../native/index.ts";
import { checkMesh } from "./checks.ts";
import { keyWithDerived, secretNames } from "./ipsec/derived.ts";
import type { KeyedTunnel, TemplatedTunnel } from "./ipsec/keyed-tunnel.ts";
import { ikeTunnels, templatesFor } from "./ipsec/ike.ts";
import {
  blockUnserved,
  blockUntranslated,
  gatewayPolicies,
  protectPolicies,
} from "./ipsec/policies.ts";
import { firstAssociations, inOrder } from "./ipsec/series.ts";
import { keyWithStatic } from "./ipsec/static.ts";
import type { SenderNumbers } from "./ipsec/spi.ts";
import { type KeyringOf, keyringsOf } from "./keyring-of.ts";
import { legsOf, wrappingsBeyond } from "./legs.ts";
import { type Tunnel, tunnelsWith } from "./tunnels.ts";
import { podsOf } from "./members.ts";
import { widest } from "./networks.ts";
import { exemptionsFor, mappingsOf, peerRoutes, plainRoutes } from "./reach.ts";
import { senderNumbers } from "./senders.ts";
import type {
  DesiredMesh,
  Exemption,
  GlobalMapping,
  Peer,
  RemoteRoute,
  SaPlace,
} from "./state.ts";
import { type MeshInput, type View, viewOf } from "./view.ts";
import { warningsOf } from "./warnings.ts";

export type { DesiredMesh } from "./state.ts";
export type { MeshInput } from "./view.ts";

/**
 * What one node's kernel should hold. Pure: the same input gives the same output, in the same order.
 *
 * @throws CniError 7 where the files contradict each other or this node
 */
export function desiredMesh(input: MeshInput): DesiredMesh {
  const view = viewOf(input);
  const tunnels = [...tunnelsFrom(view), ...legsOf(view)];
  checkMesh({
    self: input.self,
    remotes: view.encrypted,
    locals: [...view.pods, ...input.localCidrs],
    tunnels,
  });
  const numbers = senderNumbers(input.clusters);
  const keyringOf = keyringsOf(input);
  const { keyed, byIke, retiring } = keyTunnels(tunnels, keyringOf, numbers);
  const exemptions = exemptionsOf(view);
  const globalMappings = mappingsIn(exemptions);
  return {
    role: view.role,
    ...keysOf(keyed, input, keyringOf),
    ike: ikeTunnels(byIke, keyringOf),
    retiring: retiring.flatMap(placesOf),
    policies: policiesOf(view, globalMappings, [...keyed, ...byIke]),
    routes: routesOf(view, tunnels),
    wrappingsBeyond: wrappingsBeyond(view),
    exemptions,
    globalMappings,
    peers: [...keyed.map(derivedPeer), ...byIke.map(ikePeer)].sort(byPlace),
    needsKeyring: tunnels.length > 0,
    warnings: warningsOf({
      self: input.self,
      pods: view.pods,
      tunnels,
      keyringOf,
      peers: [...view.peers, ...view.companions],
      numbers,
    }),
  };
}

/** The mesh's own secrets are known by their ids; those of a pair of clusters are what they are today. */
function keysOf(
  keyed: readonly KeyedTunnel[],
  { keyring }: Pick<MeshInput, "keyring">,
  keyringOf: KeyringOf,
): Pick<DesiredMesh, "associations" | "series" | "secrets"> {
  const inUse = keyed.some((tunnel) => keyringOf(tunnel) === keyring)
    ? keyring
    : undefined;
  return {
    associations: inOrder(keyed.flatMap(firstAssociations)),
    series: keyed.map(({ outbound, inbound }) => ({ outbound, inbound })),
    secrets:
      inUse === undefined ? new Map<number, string>() : secretNames(inUse),
  };
}

/** Where the SAs of a tunnel may be. */
function placesOf({ outbound, inbound }: KeyedTunnel): SaPlace[] {
  return [outbound, ...inbound].flatMap((series) => {
    const { destination } = series.at(0);
    return series.spis.map((spi) => ({ destination, spi }));
  });
}

function policiesOf(
  view: View,
  mappings: readonly GlobalMapping[],
  tunnels: readonly TemplatedTunnel[],
): SecurityPolicy[] {
  if (view.role === "plain") return [];
  return [...blocks(view, mappings), ...protectPolicies(tunnels)];
}

function tunnelsFrom({ own, peers }: View): Tunnel[] {
  return own === undefined ? [] : tunnelsWith(own, peers);
}

/** Who makes the SAs of which tunnels. */
interface Keying {
  readonly keyed: readonly KeyedTunnel[];
  readonly byIke: readonly TemplatedTunnel[];
  /** The latter with the SAs that they had before. */
  readonly retiring: readonly KeyedTunnel[];
}

/** No keyring: a first look, with no tunnels yet. */
function keyTunnels(
  all: readonly Tunnel[],
  keyringOf: KeyringOf,
  numbers: (family: 4 | 6) => SenderNumbers,
): Keying {
  const tunnels = all.filter((tunnel) => keyringOf(tunnel) !== undefined);
  const derive = (some: readonly Tunnel[]): KeyedTunnel[] =>
    [...Map.groupBy(some, keyringOf)].flatMap(([keyring, sharing]) =>
      keyring?.kind === "static"
        ? keyWithStatic(sharing, keyring)
        : keyring === undefined
          ? []
          : keyWithDerived(sharing, keyring, numbers),
    );
  const keyed = derive(tunnels.filter(({ keying }) => keying === "derived"));
  const ike = tunnels.filter(({ keying }) => keying === "ike");
  return {
    keyed,
    byIke: templatesFor(
      ike,
      keyed.map(({ reqid }) => reqid),
    ),
    retiring: derive(
      ike.filter((tunnel) => keyringOf(tunnel)?.kind === "keys"),
    ),
  };
}

function blocks(
  view: View,
  mappings: readonly GlobalMapping[],
): SecurityPolicy[] {
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

function routesOf(view: View, tunnels: readonly Tunnel[]): RemoteRoute[] {
  return [
    ...peerRoutes(view.encrypted, tunnels),
    ...plainRoutes(view.plain),
  ].sort((a, b) => compareCidrs(a.destination, b.destination));
}

/** On a leaf its gateway translates what goes to encrypted clusters, and the leaf what goes to plain ones. */
function exemptionsOf(view: View): Exemption[] {
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

function mappingsIn(exemptions: readonly Exemption[]): GlobalMapping[] {
  const found = exemptions.flatMap(({ local: own, global }) =>
    global === undefined ? [] : [[own.text, { own, global }] as const],
  );
  return [...new Map(found).values()].sort((a, b) =>
    compareCidrs(a.own, b.own),
  );
}

function derivedPeer(tunnel: KeyedTunnel): Peer {
  const { outbound, inbound } = tunnel;
  const { keyId } = outbound;
  return {
    ...peerOf(tunnel),
    ...(keyId === undefined ? {} : { keyId }),
    spisOut: outbound.spis,
    accepted: inbound,
  };
}

function ikePeer(tunnel: TemplatedTunnel): Peer {
  return { ...peerOf(tunnel), spisOut: [], accepted: [] };
}

function peerOf(tunnel: TemplatedTunnel): Omit<Peer, "spisOut" | "accepted"> {
  const { peer, local, remote, reqid, keying, localCidrs, remoteCidrs } =
    tunnel;
  return {
    cluster: peer.source.cluster.name,
    node: peer.node.name,
    local,
    remote,
    reqid,
    keying,
    localCidrs,
    remoteCidrs,
  };
}

function byPlace(a: Peer, b: Peer): number {
  if (a.cluster !== b.cluster) return a.cluster < b.cluster ? -1 : 1;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.local.length - b.local.length;
}
