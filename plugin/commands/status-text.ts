import type { Bypass } from "../bypass/bypass.ts";
import { bypassLine } from "../bypass/words.ts";
import type { IkeTunnelState } from "../ike/state.ts";
import { ikeLine } from "../ike/words.ts";
import { LINKED_TO_NOTHING } from "../node/look.ts";
import { fenceLine, type FenceState } from "./fence-state.ts";
import { table } from "./table.ts";
import type { Traffic } from "./traffic.ts";

/** One peer of this node. */
export interface PeerStatus {
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
export interface NodeStatus {
  readonly cluster: string | null;
  readonly node: string | null;
  readonly peers: readonly PeerStatus[];
  /** Whose SAs stand for the time when another gateway is in use. */
  readonly standby: readonly PeerStatus[];
  readonly fence: FenceState;
  readonly snat: readonly string[];
  /** The kernel's counters that are not 0; null where it keeps none. */
  readonly xfrmErrors: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
  /** Ways past what crosslink sets up. */
  readonly bypasses: readonly Bypass[];
}

/** A table, a row a peer, and what else there is to say. */
export function statusText(status: NodeStatus): string {
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
    ...standbyLines(status),
    ...status.peers.flatMap(({ ike }) => (ike === null ? [] : [ikeLine(ike)])),
    fenceLine(status.fence),
    ...status.snat.map((sentence) => `SNAT: ${sentence}`),
    `Errors (/proc/net/xfrm_stat): ${status.xfrmErrors === null ? "the kernel counts none (CONFIG_XFRM_STATISTICS)" : errors.join(", ") || "none"}`,
    ...warned,
    ...status.bypasses.map(bypassLine),
    "",
  ].join("\n");
}

function standbyLines({ standby }: NodeStatus): string[] {
  if (standby.length === 0) return [];
  const ready = standby.filter((peer) => peer.out !== null && peer.in !== null);
  const many = `${String(ready.length)} of ${String(standby.length)}`;
  const remedy =
    ready.length === standby.length
      ? ""
      : "; `crosslink apply` makes the others";
  return [
    `Standing by, for when another gateway is in use: SAs with ${many} far ends${remedy}`,
  ];
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
