import { valuesOf } from "../api/follow.ts";
import { asCluster, asSlice } from "../kinds.ts";
import { activeIn, type Gateways, gateways } from "./gateways.ts";
import { goneHeartbeats } from "./gone-heartbeats.ts";
import type { Sources } from "./look.ts";

/** How often heartbeats are held against the clock; milliseconds. */
const LOOK_MS = 1_000;

/**
 * Hears gateways' heartbeats from now on, until it is stopped.
 *
 * @param onChange called when another gateway should be in use, when what is wrong with that one is another thing, and when
 *   heartbeats are left of Nodes that are no more
 */
export function watchGateways(
  sources: Sources,
  onChange: () => void,
  clock: () => number = () => performance.now(),
): { readonly gateways: Gateways; readonly stop: () => void } {
  const heard = gateways(clock);
  let last = "";
  const timer = setInterval(() => {
    const { heartbeats } = sources;
    const isSilent = heartbeats.trouble() !== undefined;
    heard.hear(isSilent ? undefined : valuesOf(heartbeats));
    const now = [decision(heard, sources), ...goneHeartbeats(sources)].join();
    if (now !== last) onChange();
    last = now;
  }, LOOK_MS);
  return {
    gateways: heard,
    stop: () => {
      clearInterval(timer);
    },
  };
}

/** What would be decided now, as a text. */
function decision(heard: Gateways, sources: Sources): string {
  const own = valuesOf(sources.clusters)
    ?.map(asCluster)
    .find(({ spec }) => spec.local === true);
  const nodes = valuesOf(sources.nodes);
  const slices = valuesOf(sources.slices);
  if (own?.spec["mode"] !== "gateway") return "";
  if (nodes === undefined || slices === undefined) return "";
  const have = slices
    .map(asSlice)
    .filter(({ spec }) => spec.cluster === own.metadata.name);
  const election = heard.elect(nodes, activeIn(have));
  if (election === undefined) return "";
  const { name, grade, why } = election.active;
  return [name, grade, why].join(" ");
}
