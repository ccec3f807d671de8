import type { Tunnel } from "./tunnels.ts";

/**
 * That the files of a tunnel's clusters say different things of its keys, and which one says what; undefined where they
 * agree, or one says nothing of it. The stronger word wins, and not silently.
 */
export function keyingDifference({
  own,
  peer,
  keying,
}: Pick<Tunnel, "own" | "peer" | "keying">): string | undefined {
  const weaker = [own, peer]
    .map(({ source }) => source)
    .find(({ cluster }) => cluster.keying === "derived");
  if (keying !== "ike" || weaker === undefined) return undefined;
  const stronger = weaker === own.source ? peer.source : own.source;
  return `Clusters "${weaker.cluster.name}" and "${stronger.cluster.name}" talk by IKE, since ${stronger.file} says "keying": "ike", though ${weaker.file} says "derived": say "ike" in both, or "derived" in both`;
}

/**
 * That one of a tunnel's clusters has a certificate authority and the other none; undefined where they agree. A secret would be the
 * weaker proof, and nobody would notice: such a tunnel has none, and stays down.
 */
export function authorityDifference({
  own,
  peer,
  keying,
}: Pick<Tunnel, "own" | "peer" | "keying">): string | undefined {
  const without = [own, peer].find(
    ({ source }) => source.cluster.ca === undefined,
  );
  const isHalf =
    (own.source.cluster.ca === undefined) !==
    (peer.source.cluster.ca === undefined);
  if (keying !== "ike" || without === undefined || !isHalf) return undefined;
  const [a = "", b = ""] = [own, peer].map(({ source }) => source.cluster.name);
  return `No tunnels between clusters "${a}" and "${b}": one has a certificate authority, the other none. Give ${without.source.file} a "ca", or remove it from the other file`;
}
