import { hkdfSync } from "node:crypto";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Keyring } from "../../../conf/keyring.ts";
import { Secret } from "../../../conf/secret.ts";
import type { Link } from "../links.ts";
import type { IkeTunnel } from "../state.ts";
import { bind } from "./bind.ts";
import { activeFirst, type DerivingKey } from "./derived.ts";
import type { TemplatedLink } from "./keyed-link.ts";
import type { End } from "./keys.ts";
import { deriveReqid } from "./spi.ts";

/** Changes when the derivation does, so that two versions never take one secret for two things. */
const LABEL = "crosslink ike psk 1";

/** As strong as AES-256. */
const PSK_BYTES = 32;

/**
 * What the policies of links by IKE name.
 *
 * charon tells by the reqid which connection a packet without an SA is for, so here, unlike with derived keys, no two
 * links may share one. The first of those that tie has its usual one, by which SAs of derived keys serve as well while a
 * link changes over; the others choose again.
 *
 * @param taken reqids of this node's other links
 */
export function templatesFor(
  links: readonly Link[],
  taken: readonly number[],
): TemplatedLink[] {
  const used = new Set(taken);
  return [...links].sort(byEnd).map((link) => {
    let round = 0;
    let reqid = deriveReqid(link.ends.peer, round);
    while (used.has(reqid)) reqid = deriveReqid(link.ends.peer, ++round);
    used.add(reqid);
    return { ...link, reqid, inboundSource: link.remote };
  });
}

/**
 * What charon has to know of these links.
 *
 * @throws CniError 7 where the keyring is a static key, or where two ends would have one identity
 */
export function ikeTunnels(
  links: readonly TemplatedLink[],
  keyring: Keyring | undefined,
): IkeTunnel[] {
  const [first] = links;
  if (first === undefined || keyring === undefined) return [];
  if (keyring.kind !== "keys") throw refuseStatic(first);
  const keys = activeFirst(keyring);
  requireDistinct(links);
  return links.map((link) => ({
    cluster: link.ends.peer.cluster,
    node: link.ends.peer.node,
    local: link.local,
    remote: link.remote,
    localId: identityOf(link.ends.own),
    remoteId: identityOf(link.ends.peer),
    reqid: link.reqid,
    localCidrs: link.localCidrs,
    remoteCidrs: link.remoteCidrs,
    inUdp: link.inUdp,
    secrets: keys.map((key) => ({ keyId: key.id, psk: pairSecret(key, link) })),
  }));
}

/**
 * The pre-shared key of a pair: HKDF-SHA256 (RFC 5869) with both ends' names and addresses in `info`, in an order that
 * both ends have. In base64, as it can be written into another IKE implementation's configuration.
 */
function pairSecret(
  { id, secret }: DerivingKey,
  { ends, family }: Link,
): Secret {
  const both = [ends.own.bound, ends.peer.bound].sort();
  const info = `${bind([LABEL, `ipv${String(family)}`])}${both.join("")}${bind([String(id)])}`;
  const psk = hkdfSync("sha256", secret, "", info, PSK_BYTES);
  return new Secret(Buffer.from(Buffer.from(psk).toString("base64")));
}

/** `NODE.CLUSTER`: what an end calls itself in IKE. */
function identityOf({ node, cluster }: End): string {
  return `${node}.${cluster}`;
}

/** Dots are allowed in names: node "a.b" of "c" and node "a" of "b.c" would be one identity. */
function requireDistinct(links: readonly TemplatedLink[]): void {
  const owners = new Map<string, End>();
  for (const end of links.flatMap(({ ends }) => [ends.own, ends.peer])) {
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

function refuseStatic({ peer }: Link): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot talk by IKE to cluster "${peer.source.cluster.name}" with a static key`,
    {
      details: `${peer.source.file}: /keying. Use "keys" in the keyring, from which a secret a pair of nodes is derived, or "keying": "derived"`,
    },
  );
}

function byEnd(a: Link, b: Link): number {
  const [one, other] = [a, b].map(
    ({ ends: { peer }, family }) =>
      `${peer.cluster}/${peer.node}/${String(family)}`,
  );
  return one === other ? 0 : (one ?? "") < (other ?? "") ? -1 : 1;
}
