import { templatesFor } from "./ipsec/ike.ts";
import type { KeyedTunnel, TemplatedTunnel } from "./ipsec/keyed-tunnel.ts";
import { keyWithStatic } from "./ipsec/static.ts";
import type { KeyringOf } from "./keyring-of.ts";
import type { MeshMemory } from "./memory.ts";
import type { NumbersOf } from "./senders.ts";
import type { Tunnel } from "./tunnels.ts";

/** Who makes the SAs of which tunnels. */
export interface Keying {
  /** In lists that are kept. */
  readonly keyed: readonly (readonly KeyedTunnel[])[];
  /** The same for those that stand by. */
  readonly standby: readonly (readonly KeyedTunnel[])[];
  readonly byIke: readonly TemplatedTunnel[];
  /** The latter with the SAs that they had before. */
  readonly retiring: readonly KeyedTunnel[];
}

/** How tunnels get their keys. */
interface KeySource {
  readonly keyringOf: KeyringOf;
  readonly numbers: NumbersOf;
  readonly memory: MeshMemory;
}

/**
 * Gives tunnels their keys. No keyring: a first look, with no tunnels yet.
 *
 * @param lists of tunnels with peers of one cluster, which have one keyring and are keyed alike
 * @param standby the same of those that stand by: only with derived keys, since charon makes others' SAs, and the one SA of a static key serves all
 */
export function keyTunnels(
  lists: readonly (readonly Tunnel[])[],
  standby: readonly (readonly Tunnel[])[],
  source: KeySource,
): Keying {
  const { keyringOf } = source;
  const inUse = lists.filter(
    ([first]) => first !== undefined && keyringOf(first) !== undefined,
  );
  const { derived = [], ike = [] } = Object.groupBy(
    inUse,
    ([first]) => first?.keying ?? "derived",
  );
  const keyed = keyAll(derived, source);
  const standingBy = keyAll(
    standby.filter(
      ([first]) =>
        first?.keying === "derived" && keyringOf(first)?.kind === "keys",
    ),
    source,
  );
  return {
    keyed,
    standby: standingBy,
    byIke:
      ike.length === 0
        ? []
        : templatesFor(
            ike.flat(),
            [...keyed, ...standingBy].flat().map(({ reqid }) => reqid),
          ),
    retiring: keyAll(
      ike.filter(([first]) => first && keyringOf(first)?.kind === "keys"),
      source,
    ).flat(),
  };
}

/** In the order of keyrings, as they are first met. */
function keyAll(
  lists: readonly (readonly Tunnel[])[],
  { keyringOf, numbers, memory }: KeySource,
): (readonly KeyedTunnel[])[] {
  const sharing = Map.groupBy(lists, ([first]) => first && keyringOf(first));
  return [...sharing].flatMap(([keyring, among]) => {
    if (keyring === undefined) return [];
    if (keyring.kind === "static")
      return [keyWithStatic(among.flat(), keyring)];
    const keys = memory.keysOf(keyring);
    return among.map((list) => memory.keyedOf(list, keys, numbers));
  });
}
