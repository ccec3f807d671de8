import { formatAddress } from "../../../native/index.ts";
import type { DesiredMesh } from "../../mesh/state.ts";
import { sameKey } from "../../reconcile/equality.ts";
import { describeAssociation } from "../../reconcile/kinds/association.ts";
import type { KnownAssociations } from "./associations.ts";

/** The last sequence number (RFC 4303 §2.2): the kernel sends nothing after it (xfrm_replay_overflow(), net/xfrm/xfrm_replay.c). */
const LAST = 2n ** 32n - 1n;

/** From here on an admin is told: half of the way, which leaves a day at 25,000 packets a second. */
const ALARM = LAST / 2n;

/** What is wrong with the keys of SAs that the kernel holds: another secret's, or soon used up. A sentence each. */
export function keyWarnings(
  { associations, peers }: DesiredMesh,
  known: KnownAssociations,
): string[] {
  const foreign = associations
    .filter((wanted) => {
      const held = known.find(wanted.destination, wanted.spi);
      return held !== undefined && !sameKey(wanted, held);
    })
    .map(
      (sa) =>
        `${describeAssociation(sa)} works with another key than the keyring's: a secret was changed under its id; nothing is changed here until the new one has an id of its own`,
    );
  const derived = peers.filter(({ keying }) => keying === "derived");
  const used = derived.flatMap((peer) => {
    const { cluster, node, remote } = peer;
    const sent = known.outbound(peer)[0]?.sequence.output ?? 0n;
    return sent < ALARM
      ? []
      : [
          `The SA to ${cluster}/${node} (${formatAddress(remote)}) has sent ${String(sent)} of ${String(LAST)} packets, and sends none after the last: rotate the keys`,
        ];
  });
  return [...foreign, ...used];
}
