import { Counter, Gauge, type Registry } from "prom-client";
import type { ObservedAssociation } from "../../../native/index.ts";
import type { Layers } from "../../fence/layers.ts";
import { madeSeconds } from "../../ike/outgoing.ts";
import { sequenceUse } from "../../ike/sequence.ts";
import { type MeasuredTunnel, TUNNEL_LABELS } from "./tunnels.ts";

/** What the kernel says at one moment. */
export interface KernelFacts {
  readonly tunnels: readonly MeasuredTunnel[];
  /** Those for when another gateway is in use. */
  readonly standby: readonly MeasuredTunnel[];
  /** By the kernel's names; undefined where it counts none. */
  readonly errors: ReadonlyMap<string, number> | undefined;
  /** What is remembered as fenced, and how the layers that fence it stand. */
  readonly fence: {
    readonly cidrs: number;
    readonly layers: Pick<Layers, "policies" | "rules">;
  };
  readonly nowSeconds: number;
}

/** Registers what is counted in the kernel. Returns what brings it up to date. */
export function kernelMetrics(
  registry: Registry,
): (facts: KernelFacts) => void {
  const updates = [
    ...SERIES.map((series) => seriesMetric(registry, series)),
    tunnelErrors(registry),
    presence(registry),
    standby(registry),
    xfrmErrors(registry),
    fenceLayers(registry),
  ];
  return (facts) => {
    for (const update of updates) update(facts);
  };
}

/** A number of each SA; undefined where it has none. */
interface Series {
  readonly kind: typeof Counter | typeof Gauge;
  readonly name: string;
  readonly help: string;
  readonly value: (
    association: ObservedAssociation,
    nowSeconds: number,
  ) => number | undefined;
}

const SERIES: readonly Series[] = [
  {
    kind: Counter,
    name: "crosslink_peer_bytes_total",
    help: "Bytes carried by the SA of a peer, as the pods' packets have them.",
    value: ({ current }) => Number(current.bytes),
  },
  {
    kind: Counter,
    name: "crosslink_peer_packets_total",
    help: "Packets carried by the SA of a peer.",
    value: ({ current }) => Number(current.packets),
  },
  {
    kind: Gauge,
    name: "crosslink_association_age_seconds",
    help: "Time since the SA was made.",
    value: (association, now) => now - madeSeconds(association, now),
  },
  {
    kind: Gauge,
    name: "crosslink_association_idle_seconds",
    help: "Time since the SA last carried a packet; absent where it never did.",
    value: ({ lastUsedSeconds }, now) =>
      lastUsedSeconds === undefined ? undefined : since(lastUsedSeconds, now),
  },
  {
    kind: Gauge,
    name: "crosslink_association_sequence_used_ratio",
    help: "Part of the SA's sequence numbers that have been sent. At 1 it sends no more: rotate the keys long before.",
    value: sequenceUse,
  },
];

function since(seconds: bigint, nowSeconds: number): number {
  return Math.max(0, nowSeconds - Number(seconds));
}

type Update = (facts: KernelFacts) => void;

/** The kernel counts, we only show it: what is counted here is set to that, and what is gone is gone. */
function seriesMetric(
  registry: Registry,
  { kind, name, help, value }: Series,
): Update {
  const metric = new kind({
    name,
    help,
    labelNames: TUNNEL_LABELS,
    registers: [registry],
  });
  return ({ tunnels, nowSeconds }) => {
    metric.reset();
    for (const { labels, association } of tunnels) {
      const shown = association && value(association, nowSeconds);
      if (shown !== undefined) metric.inc({ ...labels }, shown);
    }
  };
}

function tunnelErrors(registry: Registry): Update {
  const metric = new Counter({
    name: "crosslink_peer_errors_total",
    help: "Packets that the SA of a peer refused: integrity (a wrong key, or tampering), replay, or window (too old).",
    labelNames: [...TUNNEL_LABELS, "kind"],
    registers: [registry],
  });
  return ({ tunnels }) => {
    metric.reset();
    for (const { labels, association } of tunnels) {
      if (association === undefined) continue;
      const { integrityFailed, replay, replayWindow } = association.statistics;
      metric.inc({ ...labels, kind: "integrity" }, integrityFailed);
      metric.inc({ ...labels, kind: "replay" }, replay);
      metric.inc({ ...labels, kind: "window" }, replayWindow);
    }
  };
}

function presence(registry: Registry): Update {
  const metric = new Gauge({
    name: "crosslink_association_present",
    help: "1 where the kernel holds the SA that the files ask for, else 0.",
    labelNames: TUNNEL_LABELS,
    registers: [registry],
  });
  return ({ tunnels }) => {
    metric.reset();
    for (const { labels, association } of tunnels)
      metric.set({ ...labels }, association === undefined ? 0 : 1);
  };
}

/** Counted, not told apart: a gateway that stands by carries nothing, and a mesh has as many again of them. */
function standby(registry: Registry): Update {
  const metric = new Gauge({
    name: "crosslink_standby_associations",
    help: "SAs for when another gateway is in use: how many the kernel holds (present), and how many of those that the files ask for it does not (missing).",
    labelNames: ["state"],
    registers: [registry],
  });
  return ({ standby: asked }) => {
    const missing = asked.filter(
      ({ association }) => association === undefined,
    ).length;
    metric.set({ state: "present" }, asked.length - missing);
    metric.set({ state: "missing" }, missing);
  };
}

function xfrmErrors(registry: Registry): Update {
  const metric = new Counter({
    name: "crosslink_xfrm_errors_total",
    help: "Packets that the kernel's IPsec dropped on this node, by /proc/net/xfrm_stat's names.",
    labelNames: ["counter"],
    registers: [registry],
  });
  return ({ errors }) => {
    metric.reset();
    for (const [counter, count] of errors ?? []) metric.inc({ counter }, count);
  };
}

/** A layer that cannot be seen, or that this machine has no means for, does not stand. */
function fenceLayers(registry: Registry): Update {
  const layer = new Gauge({
    name: "crosslink_fence_layer_up",
    help: "1 where a layer of the fence (policies, or rules) stands as a whole, else 0: clear text to remote pods is held back by the other one alone.",
    labelNames: ["layer"],
    registers: [registry],
  });
  const cidrs = new Gauge({
    name: "crosslink_fence_cidrs",
    help: "Remote CIDRs that are fenced against clear text.",
    registers: [registry],
  });
  return ({ fence }) => {
    cidrs.set(fence.cidrs);
    for (const name of ["policies", "rules"] as const)
      layer.set({ layer: name }, fence.layers[name] === true ? 1 : 0);
  };
}
