import { Gauge, type Registry } from "prom-client";
import type { IkeState, IkeTunnelState } from "../../ike/state.ts";

const LABELS = ["cluster", "peer", "endpoint"] as const;

/** Registers what is known of tunnels by IKE. Returns what brings it up to date. */
export function ikeMetrics(registry: Registry): (state: IkeState) => void {
  const updates = GAUGES.map((gauge) => tunnelMetric(registry, gauge));
  const blocked = new Gauge({
    name: "crosslink_ike_blocked",
    help: "1 where this node has tunnels by IKE and no charon serves them, else 0.",
    registers: [registry],
  });
  const until = new Gauge({
    name: "crosslink_ike_certificate_until_timestamp_seconds",
    help: "Until when this node's certificate holds; absent where it shows none.",
    labelNames: [],
    registers: [registry],
  });
  until.remove();
  return (state) => {
    blocked.set(state.trouble === null ? 0 : 1);
    until.remove();
    if (state.certificateUntil !== null) until.set(state.certificateUntil);
    for (const update of updates) update(state.tunnels);
  };
}

/** A number of each tunnel, or several by one more label; null where there is none. */
interface TunnelGauge {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly values: (
    tunnel: IkeTunnelState,
  ) => readonly (readonly [string, number | null])[];
}

const GAUGES: readonly TunnelGauge[] = [
  {
    name: "crosslink_ike_tunnel_up",
    help: "1 where the tunnel by IKE has keys, else 0: it waits for a first packet, or cannot be had.",
    values: ({ state }) => [["", state === "up" ? 1 : 0]],
  },
  {
    name: "crosslink_ike_tunnel_trouble",
    help: "1 for what keeps a tunnel by IKE from coming up: certificate, expired, refused, unproven, revoked, untrusted, kernel, algorithms, peer, silence, unknown, selectors or files.",
    label: "cause",
    values: ({ lastErrorCause: cause }) => (cause === null ? [] : [[cause, 1]]),
  },
  {
    name: "crosslink_ike_rekey_seconds",
    help: "Time until new keys are negotiated, of ESP and of IKE itself, at the last look.",
    label: "of",
    values: ({ espRekeySeconds, ikeRekeySeconds }) => [
      ["esp", espRekeySeconds],
      ["ike", ikeRekeySeconds],
    ],
  },
];

function tunnelMetric(
  registry: Registry,
  { name, help, label, values }: TunnelGauge,
): (tunnels: readonly IkeTunnelState[]) => void {
  const metric = new Gauge<string>({
    name,
    help,
    labelNames: [...LABELS, ...(label === undefined ? [] : [label])],
    registers: [registry],
  });
  return (tunnels) => {
    metric.reset();
    for (const tunnel of tunnels)
      for (const [word, value] of values(tunnel)) {
        const more = label === undefined ? {} : { [label]: word };
        if (value !== null) metric.set({ ...labelsOf(tunnel), ...more }, value);
      }
  };
}

function labelsOf({ cluster, node, endpoint }: IkeTunnelState) {
  return { cluster, peer: node, endpoint };
}
