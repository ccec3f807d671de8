import type { ObservedAssociation } from "../../../native/xfrm/sa.ts";
import type { XfrmClient } from "../../../native/xfrm/client.ts";
import { associationIdentity } from "../../../plugin/reconcile/identity.ts";

/** An SAD in memory, of its SAs by their identity. */
export type Sad = Map<string, ObservedAssociation>;

/** Which lists were asked of xfrm as a whole. */
export interface Dumps {
  policies: number;
  associations: number;
}

/** A client whose SAs are in memory, since not every machine's kernel has ESP; its policies are the kernel's. */
export function withSad(xfrm: XfrmClient, sad: Sad, dumps: Dumps): XfrmClient {
  return {
    ...xfrm,
    policies: () => {
      dumps.policies += 1;
      return xfrm.policies();
    },
    associations: () => {
      dumps.associations += 1;
      return [...sad.values()];
    },
    getAssociation: (id) => sad.get(associationIdentity(id)),
    addAssociations: (list) =>
      list.map((association) => {
        const { sentSequence = 0n, ...rest } = association;
        const sequence = { output: sentSequence, input: 0n };
        sad.set(associationIdentity(rest), { ...rest, sequence, ...IDLE });
        return undefined;
      }),
    deleteAssociations: (list) =>
      list.map((id) => {
        sad.delete(associationIdentity(id));
        return undefined;
      }),
  };
}

/** What has carried nothing yet. */
const IDLE = {
  protocol: 50,
  current: { bytes: 0n, packets: 0n, addTimeSeconds: 0n, useTimeSeconds: 0n },
  statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
  foreign: [],
};
