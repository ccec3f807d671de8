import type { ApiObject } from "../api/object.ts";
import type {
  ClusterObject,
  Condition,
  NodeEntry,
  SliceObject,
} from "../kinds.ts";
import type { Election } from "./elect.ts";
import type { News } from "./events.ts";
import { activeIn, type Gateways } from "./gateways.ts";
import type { Readiness } from "./status.ts";

/** Which gateway is in use, where the cluster's mode is "gateway". */
export interface GatewayChoice {
  /** The nodes, one of the gateways among them with `active`. */
  readonly nodes: readonly NodeEntry[];
  /** Undefined in another mode. */
  readonly verdict: Readiness | undefined;
  readonly news: News | undefined;
  /** To be called when the nodes are written. */
  readonly settle: () => void;
}

/** What it is chosen from. */
interface Nodes {
  readonly objects: readonly ApiObject[];
  /** The nodes as they are to be published. */
  readonly nodes: readonly NodeEntry[];
  /** The cluster's own slices: what was chosen before. */
  readonly have: readonly SliceObject[];
}

/** Chooses; nothing is written here. */
export function chooseGateway(
  gateways: Gateways,
  own: ClusterObject,
  { objects, nodes, have }: Nodes,
): GatewayChoice {
  if (own.spec["mode"] !== "gateway") return unchosen(nodes);
  const published = new Set(nodes.map(({ name }) => name));
  const standing = activeIn(have);
  const election = gateways.elect(
    objects.filter(({ metadata }) => published.has(metadata.name)),
    standing,
  );
  const isMove = election?.cause !== undefined;
  const name = election?.active.name ?? "";
  const before = own.status.conditions?.find(({ type }) => type === "Gateway");
  const verdict = verdictOn(election, before?.message ?? "");
  const isNews = isMove || isTrouble(verdict, before);
  return {
    nodes: nodes.map((node) =>
      node.name === name ? { ...node, active: true } : node,
    ),
    verdict,
    news: isNews ? newsOf(verdict, name) : undefined,
    settle: () => {
      // The first choice is no move: whoever is chosen first may fail at once.
      if (isMove && standing !== undefined) gateways.moved();
    },
  };
}

function unchosen(nodes: readonly NodeEntry[]): GatewayChoice {
  const settle = (): void => undefined;
  return { nodes, verdict: undefined, news: undefined, settle };
}

function isTrouble(
  { ready, reason }: Readiness,
  before: Condition | undefined,
): boolean {
  return !ready && reason !== before?.reason;
}

/** @param before what was said before: why one is in use stays true while it is */
function verdictOn(election: Election | undefined, before: string): Readiness {
  if (election === undefined)
    return {
      ...{ ready: false, reason: "NoGateway" },
      message:
        'mode is "gateway", and no node is one: kubectl annotate node NODE crosslink.io/gateway=true',
    };
  const { active, cause } = election;
  const isBad = active.grade === "doubtful" || active.grade === "gone";
  if (isBad)
    return {
      ...{ ready: false, reason: "NoneBetter" },
      message: `${active.name} stays in use, though ${active.why}: no other gateway is better`,
    };
  const head = `${active.name} is in use`;
  const since = before.startsWith(`${head};`) ? before : head;
  return {
    ...{ ready: true, reason: "InUse" },
    message: cause === undefined ? since : `${head}; ${cause}`,
  };
}

function newsOf({ ready, reason, message }: Readiness, about: string): News {
  return {
    reason: ready ? "GatewayInUse" : reason,
    note: message,
    isTrouble: !ready,
    about,
  };
}
