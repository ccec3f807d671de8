import { Registry } from "prom-client";
import type { Kernel } from "../../kernel/kernel.ts";
import type { LinkedNode } from "../../node/linked.ts";
import { layersOf } from "../../fence/layers.ts";
import { recall } from "../../fence/memory.ts";
import { type Session, withSession } from "../../kernel/session.ts";
import { readXfrmStatistics } from "../../kernel/statistics.ts";
import { type KernelFacts, kernelMetrics } from "./kernel-metrics.ts";
import { countingMeter } from "./meter.ts";
import type { Meter } from "./observer.ts";
import { tunnels } from "./tunnels.ts";

/** A meter, and what shows it. */
export interface Metrics {
  readonly meter: Meter;
  /** All metrics as Prometheus reads them; the kernel's are read now. Rejects with what reading throws. */
  readonly scrape: () => Promise<string>;
}

/** However often it is asked, the agent reads the kernel's counters once in this time. */
const FRESH_MS = 1_000;

/** Makes the metrics of one node. */
export function openMetrics(
  kernel: Kernel,
  now: () => number = Date.now,
): Metrics {
  const registry = new Registry();
  const meter = countingMeter(registry);
  const show = kernelMetrics(registry);
  let node: LinkedNode | undefined;
  let freshUntil = -Infinity;
  const read = (): void => {
    if (now() < freshUntil) return;
    const { associations, fence } = withSession(kernel, (session) => ({
      associations: session.xfrm.associations(),
      fence: fenceOf(session),
    }));
    show({
      tunnels: tunnels(node?.mesh.peers ?? [], associations),
      fence,
      errors: readXfrmStatistics(),
      nowSeconds: Math.floor(now() / 1000),
    });
    freshUntil = now() + FRESH_MS;
  };
  return {
    meter: {
      ...meter,
      know: (known) => {
        node = known;
      },
    },
    scrape: () => {
      read();
      return registry.metrics();
    },
  };
}

/** By what is remembered, which stands whatever the files say. Where that cannot be read nobody knows, and no layer counts. */
function fenceOf(session: Session): KernelFacts["fence"] {
  try {
    const { clusters } = recall(session.kernel, "");
    const cidrs = [...clusters.values()].flatMap(({ cidrs }) => cidrs);
    return { cidrs: cidrs.length, layers: layersOf(session, cidrs) };
  } catch {
    return { cidrs: 0, layers: { policies: false, rules: false } };
  }
}
