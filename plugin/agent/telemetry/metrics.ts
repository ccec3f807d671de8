import { Registry } from "prom-client";
import type { ObservedAssociation } from "../../../native/index.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { LinkedNode } from "../../node/linked.ts";
import { knowAssociations } from "../../node/peers/associations.ts";
import { layersOf } from "../../fence/layers.ts";
import { recall } from "../../fence/memory.ts";
import { type Session, withSession } from "../../kernel/session.ts";
import { readXfrmStatistics } from "../../kernel/statistics.ts";
import { type KernelFacts, kernelMetrics } from "./kernel-metrics.ts";
import { kubernetesMetric } from "./kubernetes-metric.ts";
import { countingMeter } from "./meter.ts";
import type { Counters } from "./observer.ts";
import { tunnels } from "./tunnels.ts";

/** A meter, and what shows it. */
export interface Metrics {
  readonly meter: Counters;
  /** All metrics as Prometheus reads them; the kernel's are read now. Rejects with what reading throws. */
  readonly scrape: () => Promise<string>;
}

/** However often it is asked, the agent reads the kernel's counters once in this time. */
const FRESH_MS = 1_000;

/** The fence is all policies of a mesh, which takes half a second where that is large; whoever breaks it is repaired meanwhile. */
const FENCE_FRESH_MS = 30_000;

/**
 * Makes the metrics of one node.
 *
 * @param kubernetes where files are made of what an API server says: when it last did, in milliseconds since 1970
 */
export function openMetrics(
  kernel: Kernel,
  kubernetes?: () => number | undefined,
  now: () => number = Date.now,
): Metrics {
  const registry = new Registry();
  if (kubernetes !== undefined) kubernetesMetric(registry, kubernetes);
  const meter = countingMeter(registry);
  const show = kernelMetrics(registry);
  let node: LinkedNode | undefined;
  let freshUntil = -Infinity;
  const fence = rarely(fenceOf, FENCE_FRESH_MS, now);
  const read = (): void => {
    if (now() < freshUntil) return;
    const found = withSession(kernel, (session) => ({
      associations: session.xfrm.associations(),
      fence: fence(session),
    }));
    show({
      ...tunnelsOf(node, found.associations),
      fence: found.fence,
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

/** Looks again once what was seen is older than that. */
function rarely<Input, Seen extends object>(
  look: (input: Input) => Seen,
  milliseconds: number,
  now: () => number,
): (input: Input) => Seen {
  let last: { readonly seen: Seen; readonly until: number } | undefined;
  return (input) => {
    if (last === undefined || now() >= last.until)
      last = { seen: look(input), until: now() + milliseconds };
    return last.seen;
  };
}

/** None of a node that is linked to nothing. */
function tunnelsOf(
  node: LinkedNode | undefined,
  associations: readonly ObservedAssociation[],
): Pick<KernelFacts, "tunnels" | "standby"> {
  const known = knowAssociations(associations);
  return {
    tunnels: tunnels(node?.mesh.peers ?? [], known),
    standby: tunnels(node?.mesh.standby ?? [], known),
  };
}

/** By what is remembered, which stands whatever the files say. Where that cannot be read nobody knows, and no layer counts. */
function fenceOf(session: Session): KernelFacts["fence"] {
  try {
    const { clusters } = recall(session.kernel, "").memory;
    const cidrs = [...clusters.values()].flatMap(({ cidrs }) => cidrs);
    return { cidrs: cidrs.length, layers: layersOf(session, cidrs) };
  } catch {
    return { cidrs: 0, layers: { policies: false, rules: false } };
  }
}
