import type { Keyring } from "../../conf/keyring.ts";
import type { Tunnel } from "./tunnels.ts";

/** The keyring that a tunnel's keys come from; undefined at a first look, which has none. */
export type KeyringOf = (tunnel: Tunnel) => Keyring | undefined;

/** The far cluster's own, where both share one, else the mesh's. A leg is with this node's own cluster. */
export function keyringsOf({
  keyring,
  keyrings,
}: {
  readonly keyring?: Keyring;
  readonly keyrings?: ReadonlyMap<string, Keyring>;
}): KeyringOf {
  return ({ ends }) => keyrings?.get(ends.peer.cluster) ?? keyring;
}
