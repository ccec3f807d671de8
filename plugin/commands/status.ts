import { formatAddress, type ObservedAssociation } from "../../native/index.ts";
import { flowsOf } from "../node/flows.ts";
import type { GenerationOf } from "../node/keys/generations.ts";
import { tellOfKeys } from "../node/keys/look.ts";
import type { LinkedNode } from "../node/linked.ts";
import { fileWarnings, LINKED_TO_NOTHING, lookAround } from "../node/look.ts";
import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { layersOf } from "../fence/layers.ts";
import { bypassLine } from "../bypass/words.ts";
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
import { ikeLine, ikeWarnings } from "../ike/words.ts";
import { withSession } from "../kernel/session.ts";
import { peerMtus, type TunnelMtus } from "../node/tunnel-mtu.ts";
import { troublesOf } from "../node/troubles.ts";
import { readXfrmStatistics } from "../kernel/statistics.ts";
import { describeSnat, observeSnat } from "../netfilter/snat.ts";
import type { Terminal } from "./command.ts";
import {
  fenceLine,
  type FenceState,
  fenceState,
  orShowFence,
} from "./fence-state.ts";
import { type Options, configurationFor } from "./options.ts";
import { table } from "./table.ts";
import { type Traffic, trafficOf } from "./traffic.ts";

/** One peer of this node. */
interface PeerStatus {
  readonly cluster: string;
  readonly node: string;
  readonly endpoint: string;
  /** Bytes: the largest packet of a pod that fits, as far as the kernel knows the path by now; null where it is not known. */
  readonly mtu: number | null;
  readonly keying: "derived" | "ike";
  readonly keyId: number | null;
  readonly out: Traffic | null;
  readonly in: Traffic | null;
  /** What the agent says of IKE with it; null where keys are derived, and without an agent. */
  readonly ike: IkeTunnelState | null;
}

/** All that `crosslink status` shows. */
interface NodeStatus {
  readonly cluster: string | null;
  readonly node: string | null;
  readonly peers: readonly PeerStatus[];
  readonly fence: FenceState;
  readonly snat: readonly string[];
  /** The kernel's counters that are not 0; null where it keeps none. */
  readonly xfrmErrors: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
  /** Ways past what crosslink sets up. */
  readonly bypasses: readonly Bypass[];
}

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
        node === undefined ? [] : flowsOf(session, node),
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
        : toText(status),
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
    const warnings = [...facts.troubles];
    return { cluster: null, node: null, peers: [], warnings, ...common };
  }
  const { self, mesh } = node;
  const known = knowAssociations(facts.associations);
  return {
    cluster: self.source.cluster.name,
    node: self.node.name,
    peers: mesh.peers.map((peer) => peerStatus(peer, { ...facts, known })),
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

function toText(status: NodeStatus): string {
  const warned = status.warnings.map((warning) => `Warning: ${warning}`);
  if (status.node === null)
    return [LINKED_TO_NOTHING, ...warned, ""].join("\n");
  const rows = status.peers.map((peer) => [
    `${peer.cluster}/${peer.node}`,
    peer.endpoint,
    String(peer.mtu ?? "?"),
    keyCell(peer),
    ...trafficCells(peer.out),
    ...trafficCells(peer.in),
    peer.out === null ? "-" : age(peer.out.ageSeconds),
  ]);
  const errors = Object.entries(status.xfrmErrors ?? {}).map(
    ([name, count]) => `${name} ${String(count)}`,
  );
  return [
    `Node ${status.node} of cluster ${String(status.cluster)}`,
    rows.length === 0 ? "No peers." : table(HEADINGS, rows),
    ...status.peers.flatMap(({ ike }) => (ike === null ? [] : [ikeLine(ike)])),
    fenceLine(status.fence),
    ...status.snat.map((sentence) => `SNAT: ${sentence}`),
    `Errors (/proc/net/xfrm_stat): ${status.xfrmErrors === null ? "the kernel counts none (CONFIG_XFRM_STATISTICS)" : errors.join(", ") || "none"}`,
    ...warned,
    ...status.bypasses.map(bypassLine),
    "",
  ].join("\n");
}

const HEADINGS = [
  "PEER",
  "ENDPOINT",
  "MTU",
  "KEY",
  "SPI OUT",
  "BYTES",
  "PACKETS",
  "SPI IN",
  "BYTES",
  "PACKETS",
  "AGE",
];

/** Each end goes on to a next generation by itself. */
function keyCell({ keying, keyId, out, in: into }: PeerStatus): string {
  if (keying === "ike") return "ike";
  const key = String(keyId ?? "static");
  const [sends, hears] = [out?.generation ?? 0, into?.generation ?? 0];
  return sends === 0 && hears === 0
    ? key
    : `${key} (generation ${String(sends)} out, ${String(hears)} in)`;
}

function trafficCells(traffic: Traffic | null): string[] {
  if (traffic === null) return ["missing", "-", "-"];
  return [traffic.spi, String(traffic.bytes), String(traffic.packets)];
}

function age(seconds: number): string {
  if (seconds < 120) return `${String(seconds)}s`;
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))}m`;
  return seconds < 172_800
    ? `${String(Math.floor(seconds / 3600))}h`
    : `${String(Math.floor(seconds / 86_400))}d`;
}
