import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import { ApiError } from "../api/error.ts";
import { type Followed, valuesOf, valuesOrNone } from "../api/follow.ts";
import { ask } from "../api/request.ts";
import { ownAuthority } from "../certificates/authority.ts";
import { ownList, type OwnList } from "../certificates/own-list.ts";
import { newestList } from "../certificates/peer-list.ts";
import { readSigned } from "../certificates/signed.ts";
import {
  asCluster,
  asSlice,
  type ClusterObject,
  type SliceObject,
} from "../kinds.ts";
import { API_VERSION, PATHS } from "../names.ts";
import { type Failed, takeAnswers } from "./answers.ts";
import { certify, type Certifying } from "./certify.ts";
import type { News } from "./events.ts";
import type { Gateways } from "./gateways.ts";
import { removeGone } from "./gone-heartbeats.ts";
import { type Found, publishOwn } from "./own.ts";
import type { Peers } from "./peers.ts";
import { takeKeyrings } from "./take-keyrings.ts";
import { nextStatus, type Readiness, writeStatus } from "./status.ts";
import { type Renewing, renewTokens } from "./renew-tokens.ts";
import { removeObject } from "../api/remove.ts";
import { MANAGED, writeSlices } from "./write-slices.ts";

/** What a publisher works with. */
export interface Publishing {
  readonly access: Access;
  /** What this cluster is called where it has no Cluster of its own yet. */
  readonly name?: string;
  readonly log: Log;
}

/** The collections that it follows in its own API server. */
export type Sources = Readonly<
  Record<
    | "clusters"
    | "slices"
    | "nodes"
    | "secrets"
    | "keyrings"
    | "pools"
    | "affinities"
    | "services"
    | "heartbeats"
    | "requests",
    Followed
  >
>;

/** Brings Clusters and slices to what Nodes and peers say. Rejects with ApiError at the first that cannot be written. */
export async function look(
  publishing: Publishing & Renewing & Certifying,
  sources: Sources,
  { peers, gateways }: { readonly peers: Peers; readonly gateways: Gateways },
): Promise<void> {
  const clusters = valuesOf(sources.clusters);
  const found = foundIn(sources);
  if (clusters === undefined || found === undefined) return;
  const all = clusters.map(asCluster);
  const have = found.slices;
  const locals = all.filter(({ spec }) => spec.local === true);
  requireOne(locals);
  const [first] = locals;
  if (first === undefined) {
    await createOwn(publishing);
    return; // it is seen with the next turn
  }
  const { access, telling } = publishing;
  await lookAtOwn(publishing, first, { found, sources, gateways });
  const others = all.filter(({ spec }) => spec.peer !== undefined);
  const secrets = valuesOf(sources.secrets) ?? [];
  for (const failed of await takeAnswers(access, secrets, publishing.log))
    await telling.happened(first, newsOf(failed));
  // Those that have answered are read with the next turn, which their objects bring.
  peers.keep(others, first.metadata.name);
  await renewTokens(publishing, others, sources.secrets.objects());
  await takeKeyrings(publishing, {
    own: first.metadata.name,
    others: others.map(({ metadata }) => metadata.name),
    secrets: valuesOf(sources.keyrings) ?? [],
    theirs: peers.keyring,
  });
  for (const peer of others)
    await telling.verdict(
      peer,
      await copyPeer(access, peer, { peers, slices: have }),
    );
  await removeOrphans(access, all, have);
  await telling.settle(all);
  await removeGone(access, sources);
}

/** This cluster's own objects, and the certificates that its nodes ask for. */
async function lookAtOwn(
  publishing: Publishing & Certifying,
  own: ClusterObject,
  {
    found,
    sources,
    gateways,
  }: {
    readonly found: Omit<Found, "authority" | "revocations">;
    readonly sources: Sources;
    readonly gateways: Gateways;
  },
): Promise<void> {
  const { access, telling } = publishing;
  const secrets = sources.secrets.objects();
  const { nodes } = found;
  const signed = readSigned(secrets?.values() ?? []);
  const authority = await ownAuthority(publishing, own, secrets);
  const revocations = await ownList(publishing, own, authority, {
    ...{ nodes, signed },
  });
  const all = { ...found, authority, revocations };
  const { verdict, news } = await publishOwn(access, own, all, gateways);
  await telling.verdict(own, verdict);
  for (const one of [
    ...(news === undefined ? [] : [news]),
    ...revokedNews(revocations),
  ])
    await telling.happened(own, one);
  await certify(publishing, own, {
    ...{ authority: authority.authority, nodes, signed },
    revoked: revocations.revoked,
    requests: valuesOf(sources.requests) ?? [],
  });
}

/** What was revoked, by the node that it was for. */
function revokedNews({ fresh }: OwnList): News[] {
  const byNode = Map.groupBy(fresh, ({ identity = "" }) => identity);
  return [...byNode].map(([identity, { length }]) => ({
    reason: "CertificateRevoked",
    note: `${length} of "${identity}"`,
    ...{ isTrouble: false, about: identity },
  }));
}

/** Undefined where something is not known yet: what is there would be taken for gone. */
function foundIn(
  sources: Sources,
): Omit<Found, "authority" | "revocations"> | undefined {
  const slices = valuesOf(sources.slices);
  const nodes = valuesOf(sources.nodes);
  const pools = valuesOrNone(sources.pools);
  const affinities = valuesOrNone(sources.affinities);
  const services = valuesOrNone(sources.services);
  return slices === undefined ||
    nodes === undefined ||
    pools === undefined ||
    affinities === undefined ||
    services === undefined
    ? undefined
    : { slices: slices.map(asSlice), nodes, pools, affinities, services };
}

function requireOne([first, second]: readonly ClusterObject[]): void {
  if (first === undefined || second === undefined) return;
  throw new ApiError(
    `Cannot publish: both "${first.metadata.name}" and "${second.metadata.name}" have local: true; delete one`,
  );
}

/** On this cluster's own object: one of that peer there is not. */
function newsOf({ peer, reason, sentence }: Failed): News {
  const note = `of "${peer}": ${sentence}`;
  return { reason, note, isTrouble: true, about: peer };
}

async function createOwn({ access, name, log }: Publishing): Promise<void> {
  if (name === undefined)
    throw new ApiError(
      "Cannot publish: no Cluster has local: true, and there is no --name to make one",
    );
  await ask(access, {
    method: "POST",
    path: PATHS.clusters,
    body: {
      apiVersion: API_VERSION,
      kind: "Cluster",
      metadata: { name },
      spec: { local: true },
    },
  });
  log("info", "this cluster's own Cluster object is made", { cluster: name });
}

/** What cannot be read, or may not be claimed, changes nothing but the condition. */
async function copyPeer(
  access: Access,
  peer: ClusterObject,
  {
    peers,
    slices,
  }: { readonly peers: Peers; readonly slices: readonly SliceObject[] },
): Promise<Readiness> {
  const { name } = peer.metadata;
  const { claimed, verdict, lastGood } = peers.view(peer);
  const { discovered, origins, nodes, slices: count } = peer.status;
  let said: Parameters<typeof nextStatus>[1] = {
    ...(discovered === undefined ? {} : { discovered }),
    ...(origins === undefined ? {} : { origins }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(count === undefined ? {} : { slices: count }),
  };
  if (claimed !== undefined) {
    const have = slices.filter(({ spec }) => spec.cluster === name);
    const written = await writeSlices(access, name, {
      nodes: claimed.nodes,
      have,
    });
    const words = newestList(claimed.discovered, discovered);
    said = {
      discovered: words,
      origins: Object.fromEntries(
        Object.keys(words).map((key) => [key, "its own API server"]),
      ),
      nodes: claimed.nodes.length,
      slices: written,
    };
  }
  const now = Date.now();
  const status = nextStatus(peer, said, { verdict, lastGood, now });
  await writeStatus(access, peer, status);
  return verdict;
}

/** Slices of peers that left. */
async function removeOrphans(
  access: Access,
  clusters: readonly ClusterObject[],
  slices: readonly SliceObject[],
): Promise<void> {
  const names = new Set(clusters.map(({ metadata }) => metadata.name));
  for (const { metadata, spec } of slices)
    if (!names.has(spec.cluster) && metadata.labels?.[MANAGED] !== undefined)
      await removeObject(access, `${PATHS.slices}/${metadata.name}`);
}
