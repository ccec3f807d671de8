import type { Log } from "../../kernel/log.ts";
import { isStatus } from "../api/error.ts";
import { follow, type Followed, type Timing, valuesOf } from "../api/follow.ts";
import type { Collection } from "../api/list.ts";
import { PATHS, SIGNER, SYSTEM } from "../names.ts";
import { troublesTold } from "../troubles.ts";
import { eventWriter } from "./events.ts";
import { holdLease } from "./lease.ts";
import { look, type Publishing, type Sources } from "./look.ts";
import { watchGateways } from "./watch-gateways.ts";
import { followPeers } from "./peers.ts";
import { probes } from "./probes.ts";
import { telling } from "./telling.ts";
import { inTurns } from "./turns.ts";

/** A publisher's own circumstances. */
export interface PublishOptions extends Publishing {
  /** Distinguishes this process from the other publisher of the cluster. */
  readonly identity: string;
  readonly timing?: Timing;
}

/**
 * Keeps this cluster's Cluster and slices true to its Nodes, and copies of the peers' beside them, until it is stopped. Two may
 * run: one that holds the Lease writes.
 *
 * @returns what stops it
 */
export function publish(publishing: PublishOptions): () => void {
  const { access, log, timing, identity } = publishing;
  const told = {
    telling: telling(eventWriter(access, identity), log),
    unrenewed: troublesTold(log, "a peer's token is renewed again"),
    uncertified: troublesTold(log, ""),
  };
  const probe = probes(access, log);
  const turns = inTurns(async () => {
    if (!lease.held()) return;
    probe(valuesOf(sources.secrets) ?? []);
    await look({ ...publishing, ...told }, sources, {
      ...{ peers, gateways: watched.gateways },
    });
  }, teller(log));
  const sources = startSources(publishing, turns.soon);
  const watched = watchGateways(sources, turns.soon);
  const peers = followPeers({
    secret: (name) => sources.secrets.objects()?.get(`${SYSTEM}/${name}`),
    log,
    onChange: turns.soon,
    ...(timing === undefined ? {} : { timing }),
  });
  const lease = holdLease(publishing, identity, turns.soon);
  return () => {
    turns.stop();
    watched.stop();
    lease.stop();
    peers.stop();
    for (const { stop } of Object.values(sources)) stop();
  };
}

function startSources(
  { access, log, timing }: PublishOptions,
  onChange: () => void,
): Sources {
  const start = (
    path: string,
    mayBeMissing = false,
    selector: Omit<Collection, "path"> = {},
  ): Followed =>
    follow({
      mayBeMissing,
      access,
      log,
      collection: { path, ...selector },
      onChange,
      onTrouble: onChange,
      ...(timing === undefined ? {} : { timing }),
    });
  return {
    clusters: start(PATHS.clusters),
    slices: start(PATHS.slices),
    nodes: start(PATHS.nodes),
    secrets: start(PATHS.secrets),
    keyrings: start(PATHS.keyrings),
    pools: start(PATHS.pools, true),
    affinities: start(PATHS.affinities, true),
    services: start(PATHS.services, true),
    // Each beats every two seconds: what that means for a gateway is looked at by the clock.
    heartbeats: follow({
      ...{ access, log, collection: { path: PATHS.heartbeats } },
      onChange: () => undefined,
      ...(timing === undefined ? {} : { timing }),
    }),
    requests: start(PATHS.requests, false, {
      fieldSelector: `spec.signerName=${SIGNER}`,
    }),
  };
}

/** A fault is said when it begins and when it changes. Another writer's is none: the next look sees what he wrote. */
function teller(log: Log): (error: unknown) => void {
  let told: string | undefined;
  return (error) => {
    if (isStatus(error, 409)) return;
    const sentence =
      error === undefined
        ? undefined
        : error instanceof Error
          ? error.message
          : "Cannot publish";
    if (sentence !== told && sentence !== undefined) log("warn", sentence);
    if (sentence === undefined && told !== undefined)
      log("info", "publishing goes on");
    told = sentence;
  };
}
