import { sameItems } from "../../../diff/same-items.ts";
import type { Log } from "../../kernel/log.ts";
import { isStatus } from "../api/error.ts";
import { follow, type Followed, type Timing, valuesOf } from "../api/follow.ts";
import type { Collection } from "../api/list.ts";
import type { ApiObject } from "../api/object.ts";
import {
  asCluster,
  asSlice,
  type ClusterObject,
  type PeerSpec,
} from "../kinds.ts";
import { PATHS } from "../names.ts";
import { type Claimed, readClaims, type RefusedClaim } from "./claims.ts";
import { accountOf } from "../join/objects.ts";
import { peerAccess, textIn } from "../join/peer-secret.ts";
import type { Readiness } from "./status.ts";

/** What is known of a peer at the moment. */
interface PeerView {
  readonly verdict: Readiness;
  /** Undefined where nothing can be taken from it now: what was taken before stays. */
  readonly claimed: Claimed | undefined;
  readonly lastGood: number | undefined;
}

/** Follows peers' API servers. */
export interface Peers {
  /**
   * Turns to these Clusters, and away from all others.
   *
   * @param own what they call this cluster
   */
  readonly keep: (clusters: readonly ClusterObject[], own: string) => void;
  readonly view: (cluster: ClusterObject) => PeerView;
  /** The Secret with the pair's keyring as the peer has it; undefined where it lets nobody read it. */
  readonly keyring: (peer: string) => ApiObject | undefined;
  readonly stop: () => void;
}

/** What following peers needs. */
export interface PeerOptions {
  readonly secret: (name: string) => ApiObject | undefined;
  readonly log: Log;
  readonly onChange: () => void;
  readonly timing?: Timing;
}

interface Link {
  readonly server: string;
  readonly cluster: Followed;
  readonly slices: Followed;
  readonly keyring: Followed;
  readonly claims: ReturnType<typeof claimsOnce>;
}

/** Follows nobody yet. */
export function followPeers(options: PeerOptions): Peers {
  const links = new Map<string, Link>();
  const end = (name: string): void => {
    const link = links.get(name);
    links.delete(name);
    for (const one of [link?.cluster, link?.slices, link?.keyring]) one?.stop();
  };
  return {
    keep: (clusters, own) => {
      const wanted = new Map(
        clusters
          .filter((one) => hasToken(one, options))
          .map((one) => [one.metadata.name, one.spec.peer?.server ?? ""]),
      );
      for (const [name, { server }] of links)
        if (wanted.get(name) !== server) end(name);
      for (const [name, server] of wanted)
        if (!links.has(name))
          links.set(name, begin({ name, server, own }, options));
    },
    view: (cluster) => viewOf(cluster, links.get(cluster.metadata.name)),
    keyring: (peer) => {
      const secrets = links.get(peer)?.keyring.objects()?.values();
      return secrets?.next().value;
    },
    stop: () => {
      for (const name of [...links.keys()]) end(name);
    },
  };
}

function hasToken(
  { metadata, spec }: ClusterObject,
  { secret }: PeerOptions,
): boolean {
  const held = secret(accountOf(metadata.name));
  return spec.peer !== undefined && textIn(held, "token") !== undefined;
}

function begin(
  { name, server, own }: { name: string; server: string; own: string },
  options: PeerOptions,
): Link {
  const { secret, log, onChange, timing } = options;
  const access = peerAccess(server, () => secret(accountOf(name)));
  const tell: Log = (level, message) => {
    log(level, message, { cluster: name });
  };
  const start = (collection: Collection, told = tell) =>
    follow({
      access,
      collection,
      onChange,
      onTrouble: onChange,
      log: told,
      ...(timing === undefined ? {} : { timing }),
    });
  return {
    server,
    claims: claimsOnce(),
    cluster: start({
      path: PATHS.clusters,
      fieldSelector: `metadata.name=${name}`,
    }),
    slices: start({
      path: PATHS.slices,
      labelSelector: `crosslink.io/cluster=${name}`,
    }),
    // Without a word: a peer that was declared by hand need not let it be read, and `rotate` says why it cannot go on.
    keyring: start(
      { path: PATHS.keyrings, fieldSelector: `metadata.name=${own}` },
      () => undefined,
    ),
  };
}

function viewOf(
  { metadata: { name }, spec: { peer } }: ClusterObject,
  link: Link | undefined,
): PeerView {
  if (peer === undefined || link === undefined)
    return not(
      "NoToken",
      `there is no token in Secret "${accountOf(name)}": invite and join again`,
    );
  const lastGood = link.cluster.lastGood();
  const trouble = link.cluster.trouble() ?? link.slices.trouble();
  if (trouble !== undefined)
    return not(
      isStatus(trouble, 401) || isStatus(trouble, 403)
        ? "TokenRefused"
        : "Unreachable",
      `${trouble.message}; what was known stays`,
      lastGood,
    );
  const claimed = claimsIn(link, name, peer);
  if ("reason" in claimed)
    return not(claimed.reason, claimed.message, lastGood);
  return {
    verdict: { ready: true, reason: "Read", message: "" },
    claimed,
    lastGood,
  };
}

function claimsIn(
  { cluster, slices, claims }: Link,
  name: string,
  peer: PeerSpec,
): Claimed | Pick<Readiness, "reason" | "message"> {
  const objects = cluster.objects();
  const parts = valuesOf(slices);
  if (objects === undefined || parts === undefined)
    return {
      reason: "NotReadYet",
      message: "its API server has not answered yet",
    };
  const own = objects.get(name);
  if (own !== undefined) return claims(name, peer, [own, ...parts]);
  return {
    reason: "NotPublished",
    message: `its API server has no Cluster "${name}": does its publisher run, and is that its name?`,
  };
}

/** Reads claims again where an object that they are made of has become another: a turn comes for many reasons, and a peer is large. */
function claimsOnce() {
  let from: readonly unknown[] = [];
  let read: Claimed | RefusedClaim | undefined;
  return (
    name: string,
    peer: PeerSpec,
    objects: readonly [ApiObject, ...ApiObject[]],
  ): Claimed | RefusedClaim => {
    const now = [peer.allowedCIDRs.join(), ...objects];
    if (read !== undefined && sameItems(now, from)) return read;
    const [own, ...slices] = objects;
    const remote = { cluster: asCluster(own), slices: slices.map(asSlice) };
    from = now;
    read = readClaims(name, peer, remote);
    return read;
  };
}

function not(reason: string, message: string, lastGood?: number): PeerView {
  return {
    verdict: { ready: false, reason, message },
    claimed: undefined,
    lastGood,
  };
}
