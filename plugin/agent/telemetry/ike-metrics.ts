import { Gauge, type Registry } from "prom-client";
import type { IkeState, IkeTunnelState } from "../../ike/state.ts";

const LABELS = ["cluster", "peer", "endpoint"] as const;

/** Registers what is known of tunnels by IKE. Returns what brings it up to date. */
export function ikeMetrics(registry: Registry): (state: IkeState) => void {
  const gauge = (name: string, help: string, more: readonly string[] = []) =>
    new Gauge({
      name,
      help,
      labelNames: [...LABELS, ...more],
      registers: [registry],
    });
  const up = gauge(
    "crosslink_ike_tunnel_up",
    "1 where the tunnel by IKE has keys, else 0: it waits for a first packet, or cannot be had.",
  );
  const trouble = gauge(
    "crosslink_ike_tunnel_trouble",
    "1 for what keeps a tunnel by IKE from coming up: refused, unproven, kernel, algorithms, peer, silence, unknown or selectors.",
    ["cause"],
  );
  const rekey = gauge(
    "crosslink_ike_rekey_seconds",
    "Time until new keys are negotiated, of ESP and of IKE itself, at the last look.",
    ["of"],
  );
  const obstacle = new Gauge({
    name: "crosslink_ike_blocked",
    help: "1 where this node has tunnels by IKE and no charon serves them, else 0.",
    registers: [registry],
  });
  return (state) => {
    for (const metric of [up, trouble, rekey]) metric.reset();
    obstacle.set(state.trouble === null ? 0 : 1);
    for (const tunnel of state.tunnels) {
      const labels = labelsOf(tunnel);
      up.set(labels, tunnel.state === "up" ? 1 : 0);
      const {
        lastErrorCause: cause,
        espRekeySeconds,
        ikeRekeySeconds,
      } = tunnel;
      if (cause !== null) trouble.set({ ...labels, cause }, 1);
      if (espRekeySeconds !== null)
        rekey.set({ ...labels, of: "esp" }, espRekeySeconds);
      if (ikeRekeySeconds !== null)
        rekey.set({ ...labels, of: "ike" }, ikeRekeySeconds);
    }
  };
}

function labelsOf({ cluster, node, endpoint }: IkeTunnelState) {
  return { cluster, peer: node, endpoint };
}
