import { readRevocationList, type Revocation } from "../../x509/revocation.ts";
import type { IkeTunnel } from "../../mesh/state.ts";

/** What the lists say of each name; "" has what they say of nobody in particular. Undefined for a list that cannot be read. */
type Said = ReadonlyMap<string, readonly Revocation[]> | undefined;

/** Says what of a peer's authority concerns the peer: when that changes, it has to prove itself again. */
export type Concerns = (tunnel: IkeTunnel) => string;

/**
 * Tells whose tunnels a list of revoked certificates ends: those of nodes that it names, and of all where it names nobody. Each list
 * is read once, and all others' tunnels go on.
 */
export function concerns(): Concerns {
  const lists = new Map<string, Said>();
  return ({ authority, remoteId }) => {
    if (authority === undefined) return "";
    const { certificate, revoked = "" } = authority;
    const key = JSON.stringify([certificate, revoked]);
    if (!lists.has(key)) lists.set(key, read(revoked, certificate));
    const said = lists.get(key);
    if (said === undefined) return key;
    const own = [...(said.get("") ?? []), ...(said.get(remoteId) ?? [])];
    return JSON.stringify([certificate, own.map(({ serial }) => serial)]);
  };
}

function read(list: string, ca: string): Said {
  if (list === "") return new Map();
  try {
    const { revoked } = readRevocationList(list, ca);
    return Map.groupBy(revoked, ({ identity = "" }) => identity);
  } catch {
    // Whatever it is: what charon makes of it nobody here knows.
    return undefined;
  }
}
