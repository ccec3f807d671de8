import { Gauge, type Registry } from "prom-client";

/**
 * Registers how old what Kubernetes says is.
 *
 * @param lastGood when the API server last gave a good answer, in milliseconds since 1970; undefined before the first
 */
export function kubernetesMetric(
  registry: Registry,
  lastGood: () => number | undefined,
): void {
  new Gauge({
    name: "crosslink_kubernetes_answered_timestamp_seconds",
    help: "When this cluster's API server last gave a good answer to all that the files are made of; 0 before the first.",
    registers: [registry],
    collect() {
      this.set((lastGood() ?? 0) / 1000);
    },
  });
}
