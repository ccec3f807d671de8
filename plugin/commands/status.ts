import { formatAddress, type ObservedAssociation } from "../../native/index.ts";
import { flowsOf } from "../node/flows.ts";
import type { GenerationOf } from "../node/keys/generations.ts";
import { tellOfKeys } from "../node/keys/look.ts";
import type { LinkedNode } from "../node/linked.ts";
import { fileWarnings, lookAround } from "../node/look.ts";
import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { layersOf } from "../fence/layers.ts";
import type { Peer } from "../mesh/state.ts";
import {
  type KnownAssociations,
  knowAssociations,
} from "../node/peers/associations.ts";
import { keyWarnings } from "../node/peers/key-warnings.ts";
import { charonPlaces, ikeFolder } from "../ike/charon/configuration.ts";
import { AGENT_SOCKET } from "../owned.ts";
import {
  type IkeTunnelState,
  readState,
  type WrittenState,
} from "../ike/state.ts";
import { readWhereabouts } from "../ike/whereabouts.ts";
import { ikeWarnings } from "../ike/words.ts";
import { withSession } from "../kernel/session.ts";
import { peerMtus, type TunnelMtus } from "../node/tunnel-mtu.ts";
import { troublesOf } from "../node/troubles.ts";
import { readXfrmStatistics } from "../kernel/statistics.ts";
import { describeSnat, observeSnat } from "../netfilter/snat.ts";
import type { Terminal } from "./command.ts";
import { type FenceState, fenceState, orShowFence } from "./fence-state.ts";
import { type Options, configurationFor } from "./options.ts";
import { type NodeStatus, type PeerStatus, statusText } from "./status-text.ts";
import { trafficOf } from "./traffic.ts";

const THOROUGHLY = { withNeighbours: true, withTunnels: true };

/** `crosslink status`: a table, a row a peer. Exit code 0 also where SAs are missing: it reports. */
export function runStatus(options: Options, terminal: Terminal): number {
  const config = configurationFor(options);
  return withSession(terminal.kernel(), (session) => {
    const { state } = charonPlaces(ikeFolder(options.socket ?? AGENT_SOCKET));
    const whereabouts = () => readWhereabouts(state);
    const place = { config, host: terminal.host, whereabouts };
    const look = orShowFence(lookAround(session, place), session, {
      options,
      terminal,
    });
    const { node } = look;
    const keys = tellOfKeys(session, node?.mesh);
    const status = nodeStatus(node, {
      associations: session.xfrm.associations(),
      fence: fenceState(look, layersOf(session, look.decision.will.wanted)),
      nowSeconds: Math.floor(Date.now() / 1000),
      errors: readXfrmStatistics(),
      snat: describeSnat(observeSnat(session.kernel), () =>
        node === undefined ? [] : [...flowsOf(session, node)],
      ),
      bypasses: lookForBypasses(session, node?.mesh),
      troubles: [
        ...fileWarnings(look),
        ...keys.troubles,
        ...troublesOf(session, node, THOROUGHLY),
      ],
      generationOf: keys.generationOf,
      ike: readState(state),
      mtus: node === undefined ? new Map() : peerMtus(node.mesh, session.route),
    });
    terminal.writeStdout(
      options.json
        ? `${JSON.stringify(status, undefined, 2)}\n`
        : statusText(status),
    );
    return 0;
  });
}

/** What the kernel says, for {@link nodeStatus}. */
interface StatusFacts {
  readonly associations: readonly ObservedAssociation[];
  readonly nowSeconds: number;
  readonly fence: FenceState;
  readonly errors: ReadonlyMap<string, number> | undefined;
  readonly snat: readonly string[];
  readonly bypasses: readonly Bypass[];
  /** What keeps packets from passing, and is others' to mend. */
  readonly troubles: readonly string[];
  readonly generationOf: GenerationOf;
  /** Undefined where no agent has said anything. */
  readonly ike: WrittenState | undefined;
  /** By the peer's end. */
  readonly mtus: TunnelMtus;
}

/** Joins the mesh with what the kernel counted. Pure. */
function nodeStatus(
  node: LinkedNode | undefined,
  facts: StatusFacts,
): NodeStatus {
  const xfrmErrors = nonZero(facts.errors);
  const { fence, snat, bypasses } = facts;
  const common = { fence, snat, bypasses, xfrmErrors };
  if (node === undefined) {
    const nothing = { cluster: null, node: null, peers: [], standby: [] };
    return { ...nothing, warnings: [...facts.troubles], ...common };
  }
  const { self, mesh } = node;
  const known = knowAssociations(facts.associations);
  return {
    cluster: self.source.cluster.name,
    node: self.node.name,
    peers: mesh.peers.map((peer) => peerStatus(peer, { ...facts, known })),
    standby: mesh.standby.map((peer) => peerStatus(peer, { ...facts, known })),
    warnings: [
      ...mesh.warnings,
      ...keyWarnings(mesh, known),
      ...ikeWarnings(mesh.ike, facts.ike, facts.nowSeconds),
      ...facts.troubles,
    ],
    ...common,
  };
}

function nonZero(
  counters: ReadonlyMap<string, number> | undefined,
): Record<string, number> | null {
  if (counters === undefined) return null;
  return Object.fromEntries([...counters].filter(([, count]) => count > 0));
}

type Counted = StatusFacts & { readonly known: KnownAssociations };

function peerStatus(peer: Peer, facts: Counted): PeerStatus {
  return {
    cluster: peer.cluster,
    node: peer.node,
    endpoint: formatAddress(peer.remote),
    mtu: facts.mtus.get(formatAddress(peer.remote)) ?? null,
    keying: peer.keying,
    keyId: peer.keyId ?? null,
    out: trafficOf(facts, facts.known.outbound(peer)),
    in: trafficOf(facts, facts.known.inbound(peer)),
    ike: ikeStateOf(peer, facts.ike),
  };
}

function ikeStateOf(
  { keying, cluster, node, remote }: Peer,
  ike: WrittenState | undefined,
): IkeTunnelState | null {
  if (keying !== "ike") return null;
  const endpoint = formatAddress(remote);
  const found = ike?.tunnels.find(
    (tunnel) =>
      tunnel.cluster === cluster &&
      tunnel.node === node &&
      tunnel.endpoint === endpoint,
  );
  return found ?? null;
}
