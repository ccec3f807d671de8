import { isObject } from "../../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { ask } from "../api/request.ts";
import { PATHS, requireClusterName } from "../names.ts";
import { removeObject } from "../api/remove.ts";
import { pathsOf } from "./objects.ts";

/**
 * Removes all that joining a peer made here, whatever of it is there; the peer is asked nothing. Its Cluster first, so that no node
 * is left with a file whose keyring goes.
 *
 * @throws CniError 7 for this cluster itself
 */
export async function leave(access: Access, peer: string): Promise<void> {
  requireClusterName(peer);
  const path = `${PATHS.clusters}/${peer}`;
  if (await isLocal(access, path))
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot leave "${peer}": it is this cluster itself`,
      { details: "give the name of a peer: `crosslink peers` has them" },
    );
  await removeObject(access, path);
  for (const one of pathsOf(peer)) await removeObject(access, one);
}

async function isLocal(access: Access, path: string): Promise<boolean> {
  try {
    const cluster = await ask(access, { path });
    const spec = isObject(cluster) ? cluster["spec"] : undefined;
    return isObject(spec) && spec["local"] === true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
