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
