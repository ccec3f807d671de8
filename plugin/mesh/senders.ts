import type { ClusterSource } from "../../conf/clusters.ts";
import type { Numberer, SenderNumbers } from "./ipsec/sender-numbers.ts";
import type { TunnelEnd } from "./ipsec/keys.ts";
import { lastOf } from "./kept.ts";
import { isEncrypted } from "./networks.ts";

/** A cluster's nodes as ends of tunnels, by address family. */
export type OuterEnds = (
  source: ClusterSource,
) => Readonly<Record<4 | 6, readonly TunnelEnd[]>>;

/** The numbers by the tunnels' outer family. */
export type NumbersOf = Readonly<Record<4 | 6, SenderNumbers>>;

/**
 * Numbers all nodes of the encrypted clusters, whatever they hold: then modes and gateways can change freely. They are hashed
 * when somebody asks: on a node without tunnels nobody does, and to load Node's crypto takes a tenth of an ADD.
 */
export function senderNumbers(
  clusters: readonly ClusterSource[],
  {
    outerEndsOf,
    numberers,
  }: {
    readonly outerEndsOf: OuterEnds;
    readonly numberers: Readonly<Record<4 | 6, Numberer>>;
  },
): NumbersOf {
  const numbered = (family: 4 | 6): (() => SenderNumbers) =>
    lastOf(() =>
      numberers[family](
        clusters
          .filter(isEncrypted)
          .map((source) => outerEndsOf(source)[family]),
      ),
    );
  const [four, six] = [numbered(4), numbered(6)];
  return {
    get 4() {
      return four();
    },
    get 6() {
      return six();
    },
  };
}
