import { hkdfSync } from "node:crypto";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Keyring } from "../../../conf/keyring.ts";
import { Secret } from "../../../conf/secret.ts";
import { authorityDifference, keyingDifference } from "../keying.ts";
import type { Tunnel } from "../tunnels.ts";
import type { IkeTunnel } from "../state.ts";
import { bind } from "./bind.ts";
import { activeFirst } from "./derived.ts";
import type { PreparedKey } from "./derived-series.ts";
import type { TemplatedTunnel } from "./keyed-tunnel.ts";
import type { TunnelEnd } from "./keys.ts";
import { deriveReqid } from "./spi.ts";

/** Changes when the derivation does, so that two versions never take one secret for two things. */
const LABEL = "crosslink ike psk 1";

/** As strong as AES-256. */
const PSK_BYTES = 32;

/**
 * What the policies of tunnels by IKE name.
 *
 * charon tells by the reqid which connection a packet without an SA is for, so here, unlike with derived keys, no two
 * tunnels may share one. The first of those that tie has its usual one, by which SAs of derived keys serve as well while a
 * tunnel changes over; the others choose again.
 *
 * @param taken reqids of this node's other tunnels
 */
export function templatesFor(
  tunnels: readonly Tunnel[],
  taken: readonly number[],
): TemplatedTunnel[] {
  const used = new Set(taken);
  return [...tunnels].sort(byEnd).map((tunnel) => {
    let round = 0;
    let reqid = deriveReqid(tunnel.ends.peer, round);
    while (used.has(reqid)) reqid = deriveReqid(tunnel.ends.peer, ++round);
    used.add(reqid);
    return { ...tunnel, reqid, inboundSource: inboundSource(tunnel) };
  });
}

/** Who may appear anywhere is known by the SA's reqid, also where it has just moved. */
function inboundSource({ initiator, remote }: Tunnel): Uint8Array {
  return initiator === "peer" ? new Uint8Array(remote.length) : remote;
}

/**
 * What charon has to know of these tunnels.
 *
 * @throws CniError 7 where the keyring is a static key, or where two ends would have one identity
 */
export function ikeTunnels(
  tunnels: readonly TemplatedTunnel[],
  keyringOf: (tunnel: Tunnel) => Keyring | undefined,
): IkeTunnel[] {
  requireDistinct(tunnels);
  return [...Map.groupBy(tunnels, keyringOf)].flatMap(([keyring, sharing]) =>
    keyring === undefined ? [] : withSecrets(sharing, keyring),
  );
}

function withSecrets(
  tunnels: readonly TemplatedTunnel[],
  keyring: Keyring,
): IkeTunnel[] {
  const [first] = tunnels;
  if (first === undefined) return [];
  if (keyring.kind !== "keys") throw refuseStatic(first);
  const keys = activeFirst(keyring);
  return tunnels.map((tunnel) => ({
    cluster: tunnel.ends.peer.cluster,
    node: tunnel.ends.peer.node,
    local: tunnel.local,
    remote: tunnel.remote,
    localId: identityOf(tunnel.ends.own),
    remoteId: identityOf(tunnel.ends.peer),
    reqid: tunnel.reqid,
    localCidrs: tunnel.localCidrs,
    remoteCidrs: tunnel.remoteCidrs,
    inUdp: tunnel.inUdp,
    ...(tunnel.initiator === undefined ? {} : { initiator: tunnel.initiator }),
    ...differenceOf(tunnel),
    ...proofOf(tunnel, keys),
  }));
}

function differenceOf(tunnel: Tunnel): Pick<IkeTunnel, "difference"> {
  const difference = authorityDifference(tunnel) ?? keyingDifference(tunnel);
  return difference === undefined ? {} : { difference };
}

/** By certificates where the clusters have authorities, else by secrets of the keyring. */
function proofOf(
  tunnel: Tunnel,
  keys: readonly PreparedKey[],
): Pick<IkeTunnel, "authority" | "secrets" | "isUnprovable"> {
  const { own, peer } = tunnel;
  const [ours, theirs] = [own, peer].map(({ source }) => source.cluster.ca);
  if (ours === undefined && theirs === undefined)
    return {
      secrets: keys.map((key) => ({
        keyId: key.id,
        psk: pairSecret(key, tunnel),
      })),
    };
  if (ours === undefined || theirs === undefined)
    return { secrets: [], isUnprovable: true };
  const { crl } = peer.source.cluster;
  return {
    secrets: [],
    authority: {
      certificate: theirs,
      ...(crl === undefined ? {} : { revoked: crl }),
    },
  };
}

/**
 * The pre-shared key of a pair: HKDF-SHA256 (RFC 5869) with both ends' names and addresses in `info`, in an order that
 * both ends have. In base64, as it can be written into another IKE implementation's configuration.
 */
function pairSecret(
  { id, secret }: PreparedKey,
  { ends, family }: Tunnel,
): Secret {
  const both = [ends.own.bound, ends.peer.bound].sort();
  const info = `${bind([LABEL, `ipv${String(family)}`])}${both.join("")}${bind([String(id)])}`;
  const psk = hkdfSync("sha256", secret, "", info, PSK_BYTES);
  return new Secret(Buffer.from(Buffer.from(psk).toString("base64")));
}

/** `NODE.CLUSTER`: what an end calls itself in IKE. */
function identityOf({ node, cluster }: TunnelEnd): string {
  return `${node}.${cluster}`;
}

/** Dots are allowed in names: node "a.b" of "c" and node "a" of "b.c" would be one identity. */
function requireDistinct(tunnels: readonly TemplatedTunnel[]): void {
  const owners = new Map<string, TunnelEnd>();
  for (const end of tunnels.flatMap(({ ends }) => [ends.own, ends.peer])) {
    const identity = identityOf(end);
    const owner = owners.get(identity) ?? end;
    if (owner.cluster !== end.cluster || owner.node !== end.node)
      throw new CniError(
        ErrorCode.invalidConfiguration,
        `Cannot tell two nodes apart by IKE: both would be "${identity}"`,
        {
          details: `node "${owner.node}" of cluster "${owner.cluster}" and node "${end.node}" of cluster "${end.cluster}". Rename one of the clusters`,
        },
      );
    owners.set(identity, owner);
  }
}

function refuseStatic({ peer }: Tunnel): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot talk by IKE to cluster "${peer.source.cluster.name}" with a static key`,
    {
      details: `${peer.source.file}: /keying. Use "keys" in the keyring, from which a secret a pair of nodes is derived, or "keying": "derived"`,
    },
  );
}

function byEnd(a: Tunnel, b: Tunnel): number {
  const [one, other] = [a, b].map(
    ({ ends: { peer }, family }) =>
      `${peer.cluster}/${peer.node}/${String(family)}`,
  );
  return one === other ? 0 : (one ?? "") < (other ?? "") ? -1 : 1;
}
