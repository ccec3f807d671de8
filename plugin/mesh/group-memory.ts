import { keyIndex } from "../../diff/shared-keys.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { endsInside, livesInside, type MeshChecks } from "./checks.ts";
import type { KeyedTunnel } from "./ipsec/keyed-tunnel.ts";
import { policiesByRemote, policiesOfAll } from "./ipsec/policies.ts";
import { type keptFor, sameWhile } from "./kept.ts";
import { derivedPeer, derivedPeers } from "./peers.ts";
import { farEndOf, groupOf } from "./tunnel-group.ts";
import { boundsIn, type ListLooks, membersWithout } from "./warnings.ts";

/** What was worked out of all tunnels with peers of one cluster together. */
export interface GroupMemory {
  readonly groupOf: typeof groupOf;
  readonly checks: MeshChecks;
  readonly warnings: ListLooks;
  readonly policiesOf: (
    tunnels: readonly KeyedTunnel[],
  ) => ReturnType<typeof policiesOfAll>;
  readonly peersOf: (
    tunnels: readonly KeyedTunnel[],
  ) => ReturnType<typeof derivedPeers>;
}

/** One that knows nothing yet. */
export function groupMemory(keep: typeof keptFor): GroupMemory {
  const [policiesOfOne, peerOf] = [keep(policiesByRemote), keep(derivedPeer)];
  return {
    groupOf: keep(groupOf),
    checks: {
      farEnds: keyIndex(farEndOf),
      networksAs: sameWhile((networks: readonly Cidr[]) =>
        networks.map(({ text }) => text).join(),
      ),
      endsInside: keep(endsInside),
      livesInside: keep(livesInside),
    },
    warnings: {
      without: keep(membersWithout),
      tiedAs: sameWhile((tied) => [...tied].join()),
      boundsIn: keep(boundsIn),
    },
    policiesOf: keep((tunnels: readonly KeyedTunnel[]) =>
      policiesOfAll(tunnels, policiesOfOne),
    ),
    peersOf: keep((tunnels: readonly KeyedTunnel[]) =>
      derivedPeers(tunnels, peerOf),
    ),
  };
}
