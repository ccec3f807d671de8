import type { ClusterSource } from "../../conf/clusters.ts";
import {
  type Choices,
  numberSenders,
  type SenderNumbers,
} from "./ipsec/spi.ts";
import type { OuterEnd } from "./members.ts";
import { isEncrypted } from "./networks.ts";

/** A cluster's nodes as ends of tunnels, by address family. */
export type OuterEnds = (
  source: ClusterSource,
) => readonly ReadonlyMap<4 | 6, OuterEnd>[];

/** The numbers by the tunnels' outer family. */
export type NumbersOf = Readonly<Record<4 | 6, SenderNumbers>>;

/** Numbers all nodes of the encrypted clusters, whatever they hold: then modes and gateways can change freely. */
export function senderNumbers(
  clusters: readonly ClusterSource[],
  {
    outerEndsOf,
    choices,
  }: { readonly outerEndsOf: OuterEnds; readonly choices: Choices },
): NumbersOf {
  const nodes = clusters
    .filter(isEncrypted)
    .flatMap((source) => outerEndsOf(source));
  const numbered = (family: 4 | 6): SenderNumbers =>
    numberSenders(
      nodes.flatMap((ends) => ends.get(family)?.end ?? []),
      choices,
    );
  return { 4: numbered(4), 6: numbered(6) };
}
