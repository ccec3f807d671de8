import { Registry } from "prom-client";
import { kubernetesMetric } from "../../../plugin/agent/telemetry/kubernetes-metric.ts";
import { kernelMetrics } from "../../../plugin/agent/telemetry/kernel-metrics.ts";
import { countingMeter } from "../../../plugin/agent/telemetry/meter.ts";

/** What an agent exposes: each metric with its labels. A histogram is three series. */
export function exposed(): ReadonlyMap<string, readonly string[]> {
  const registry = new Registry();
  countingMeter(registry);
  kernelMetrics(registry);
  kubernetesMetric(registry, () => undefined);
  const metrics = registry.getMetricsAsArray();
  return new Map(
    metrics.flatMap<[string, string[]]>((metric) => {
      const {
        name,
        type,
        labelNames = [],
      } = metric as unknown as {
        name: string;
        type?: string;
        labelNames?: string[];
      };
      const histogram = type === "histogram" || "upperBounds" in metric;
      return histogram
        ? [
            [`${name}_bucket`, [...labelNames, "le"]],
            [`${name}_sum`, labelNames],
            [`${name}_count`, labelNames],
          ]
        : [[name, labelNames]];
    }),
  );
}

/** Names of metrics in a query: of all its words those that begin as ours do. */
export function metricsIn(query: string): string[] {
  return query.match(/\b(?:crosslink|process)_\w+/g) ?? [];
}
