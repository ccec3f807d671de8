import type { ClusterSource } from "../../conf/clusters.ts";
import {
  type Choices,
  numberSenders,
  type SenderNumbers,
} from "./ipsec/spi.ts";
import { lastOf } from "./kept.ts";
import type { OuterEnd } from "./members.ts";
import { isEncrypted } from "./networks.ts";

/** A cluster's nodes as ends of tunnels, by address family. */
export type OuterEnds = (
  source: ClusterSource,
) => readonly ReadonlyMap<4 | 6, OuterEnd>[];

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
    choices,
  }: { readonly outerEndsOf: OuterEnds; readonly choices: Choices },
): NumbersOf {
  const numbered = (family: 4 | 6): (() => SenderNumbers) =>
    lastOf(() => {
      const nodes = clusters
        .filter(isEncrypted)
        .flatMap((source) => outerEndsOf(source));
      return numberSenders(
        nodes.flatMap((ends) => ends.get(family)?.end ?? []),
        choices,
      );
    });
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
