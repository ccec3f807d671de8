import { type Cidr, compareAddresses, compareCidrs } from "../../ip/cidr.ts";
import type { Keyring } from "../../conf/keyring.ts";
import type {
  SecurityAssociation,
  SecurityPolicy,
} from "../../native/index.ts";
import { checkMesh } from "./checks.ts";
import { keyWithDerived } from "./ipsec/derived.ts";
import type { KeyedLink, TemplatedLink } from "./ipsec/keyed-link.ts";
import { ikeTunnels, templatesFor } from "./ipsec/ike.ts";
import {
  blockPolicies,
  blockUnserved,
  blockUntranslated,
  gatewayPolicies,
  protectPolicies,
} from "./ipsec/policies.ts";
import { keyWithStatic } from "./ipsec/static.ts";
import type { SenderNumbers } from "./ipsec/spi.ts";
import { legsOf, wrappingsBeyond } from "./legs.ts";
import { type Link, linksWith } from "./links.ts";
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
  const links = [...linksFrom(view), ...legsOf(view)];
  checkMesh({
    self: input.self,
    remotes: view.encrypted,
    locals: [...view.pods, ...input.localCidrs],
    links,
  });
  const numbers = senderNumbers(input.clusters);
  const { keyed, byIke, retiring } = keyLinks(links, input.keyring, numbers);
  const exemptions = exemptionsOf(view);
  const globalMappings = mappingsIn(exemptions);
  return {
    role: view.role,
    associations: associationsOf(keyed),
    ike: ikeTunnels(byIke, input.keyring),
    retiring: associationsOf(retiring),
    policies: policiesOf(view, globalMappings, [...keyed, ...byIke]),
    routes: routesOf(view, links),
    wrappingsBeyond: wrappingsBeyond(view),
    exemptions,
    globalMappings,
    peers: [...keyed.map(derivedPeer), ...byIke.map(ikePeer)].sort(byPlace),
    needsKeyring: links.length > 0,
    warnings: warningsOf({
      self: input.self,
      pods: view.pods,
      links,
      keyring: input.keyring,
      peers: [...view.peers, ...view.companions],
      numbers,
    }),
  };
}

function policiesOf(
  view: View,
  mappings: readonly GlobalMapping[],
  links: readonly TemplatedLink[],
): SecurityPolicy[] {
  if (view.role === "plain") return [];
  return [...blocks(view, mappings), ...protectPolicies(links)];
}

function linksFrom({ own, peers }: View): Link[] {
  return own === undefined ? [] : peers.flatMap((peer) => linksWith(own, peer));
}

/** Who makes the SAs of which links. */
interface Keying {
  readonly keyed: readonly KeyedLink[];
  readonly byIke: readonly TemplatedLink[];
  /** The latter with the SAs that they had before. */
  readonly retiring: readonly KeyedLink[];
}

/** No keyring: a first look, with no tunnels yet. */
function keyLinks(
  links: readonly Link[],
  keyring: Keyring | undefined,
  numbers: (family: 4 | 6) => SenderNumbers,
): Keying {
  if (keyring === undefined) return { keyed: [], byIke: [], retiring: [] };
  const derive = (some: readonly Link[]): KeyedLink[] =>
    keyring.kind === "keys"
      ? keyWithDerived(some, keyring, numbers)
      : keyWithStatic(some, keyring);
  const keyed = derive(links.filter(({ keying }) => keying === "derived"));
  const ike = links.filter(({ keying }) => keying === "ike");
  return {
    keyed,
    byIke: templatesFor(
      ike,
      keyed.map(({ reqid }) => reqid),
    ),
    retiring: keyring.kind === "keys" ? derive(ike) : [],
  };
}

/** With a static key links share an inbound SA. */
function associationsOf(links: readonly KeyedLink[]): SecurityAssociation[] {
  const all = links.flatMap(({ outbound, inbound }) => [outbound, ...inbound]);
  return [...new Set(all)].sort(
    (a, b) => compareAddresses(a.destination, b.destination) || a.spi - b.spi,
  );
}

function blocks(
  view: View,
  mappings: readonly GlobalMapping[],
): SecurityPolicy[] {
  const remotes = widest(view.encrypted.flatMap(({ seen }) => seen));
  return [
    ...blockPolicies(remotes),
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

function routesOf(view: View, links: readonly Link[]): RemoteRoute[] {
  return [
    ...peerRoutes(view.encrypted, links),
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

function derivedPeer(link: KeyedLink): Peer {
  const { keyId, inbound } = link;
  return {
    ...peerOf(link),
    ...(keyId === undefined ? {} : { keyId }),
    spiOut: link.outbound.spi,
    spiIn: inbound[0]?.spi ?? 0,
    accepted: inbound.map(({ spi }) =>
      keyId === undefined ? { spi } : { keyId: spi % 256, spi },
    ),
  };
}

function ikePeer(link: TemplatedLink): Peer {
  return { ...peerOf(link), accepted: [] };
}

function peerOf(link: TemplatedLink): Omit<Peer, "accepted"> {
  const { peer, local, remote, reqid, keying, localCidrs, remoteCidrs } = link;
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
