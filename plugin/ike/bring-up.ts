import type { TunnelAssociations } from "./associations.ts";
import { forgetAttempts, mayAttempt, noteAttempt } from "./attempts.ts";
import { connectionName } from "./charon/connection.ts";
import type { ListedIke } from "./charon/listed.ts";
import { connectionsUp } from "./hear.ts";
import { type Knowledge, leavingTunnels } from "./knowledge.ts";
import type { ViciClient } from "./vici/client.ts";

/**
 * A packet without an SA brings its tunnel up. Four kinds do not wait for one: those that this node alone can begin, those
 * that carried something before this charon began, those that the kernel has asked another one for, and those with SAs of
 * derived keys, which serve the packets until then. The last are one end's to bring up, lest both do it at once.
 */
export async function bringUp(
  vici: ViciClient,
  {
    associations,
    listed,
    known,
  }: {
    readonly associations: readonly TunnelAssociations[];
    readonly listed: readonly ListedIke[];
    readonly known: Knowledge;
  },
): Promise<void> {
  const { attempts, hot, loaded } = known;
  const begun = new Set(listed.map(({ connection }) => connection));
  const leaving = new Set(leavingTunnels(known));
  forgetAttempts(attempts, { wanted: loaded, up: connectionsUp(listed) });
  for (const each of associations) {
    const name = connectionName(each.tunnel);
    if (leaving.has(each.tunnel) || !loaded.has(name)) continue;
    const attempt = { name, told: loaded.get(name), nowMs: performance.now() };
    if (begun.has(name)) hot.delete(name);
    else if (isDue(each, hot.has(name)) && mayAttempt(attempts, attempt)) {
      hot.delete(name);
      noteAttempt(attempts, attempt);
      await vici.request("initiate", { child: name, ike: name, timeout: "-1" });
    }
  }
}

function isDue(
  {
    tunnel: { initiator, localId, remoteId },
    derived,
    isAskedFor,
  }: TunnelAssociations,
  isHot: boolean,
): boolean {
  const changesOver = derived.length > 0 && localId < remoteId;
  if (initiator !== undefined) return initiator === "own";
  return isHot || isAskedFor || changesOver;
}
