import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "../api/access.ts";
import { type Followed, valuesOf } from "../api/follow.ts";
import type { ApiObject } from "../api/object.ts";
import { removeObject } from "../api/remove.ts";
import { PATHS } from "../names.ts";

interface Sources {
  readonly heartbeats: Followed;
  readonly nodes: Followed;
}

/** Names of Leases that agents made for Nodes that are no more; none while one of both lists is not known. */
export function goneHeartbeats({ heartbeats, nodes }: Sources): string[] {
  const [leases, known] = [valuesOf(heartbeats), valuesOf(nodes)];
  if (leases === undefined || known === undefined) return [];
  const names = new Set(known.map(({ metadata }) => metadata.name));
  return leases
    .filter(isHeartbeat)
    .map(({ metadata }) => metadata.name)
    .filter((name) => !names.has(name));
}

/** As `../heartbeat.ts` writes it. */
function isHeartbeat(lease: ApiObject): boolean {
  const { spec } = lease as { spec?: unknown };
  return isObject(spec) && spec["holderIdentity"] === lease.metadata.name;
}

/** Removes those. An agent whose Node is there makes its own anew with the next beat. */
export async function removeGone(
  access: Access,
  sources: Sources,
): Promise<void> {
  for (const name of goneHeartbeats(sources))
    await removeObject(access, `${PATHS.heartbeats}/${name}`);
}
