import { formatAddress } from "../../../native/index.ts";
import type { DesiredMesh } from "../../mesh/state.ts";
import { LAST_SEQUENCE, TURN } from "../keys/outbound.ts";
import type { KnownAssociations } from "./associations.ts";

/** A sentence for each SA that should have made way for another one. */
export function keyWarnings(
  { peers }: Pick<DesiredMesh, "peers">,
  known: KnownAssociations,
): string[] {
  const derived = peers.filter(({ keying }) => keying === "derived");
  return derived.flatMap((peer) => {
    const { cluster, node, remote, keyId } = peer;
    const sent = known.outbound(peer).at(-1)?.sequence.output ?? 0n;
    if (sent < TURN) return [];
    const remedy =
      keyId === undefined
        ? "give the keyring another static key"
        : "the agent, the next ADD or `crosslink apply` goes on to another one";
    return [
      `The SA to ${cluster}/${node} (${formatAddress(remote)}) has sent ${String(sent)} of ${String(LAST_SEQUENCE)} packets, and sends none after the last: ${remedy}`,
    ];
  });
}
