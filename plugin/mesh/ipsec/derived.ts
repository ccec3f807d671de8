import { createSecretKey } from "node:crypto";
import type { DerivingKeyring, Keyring } from "../../../conf/keyring.ts";
import type { Tunnel } from "../tunnels.ts";
import { DerivedSeries, type PreparedKey } from "./derived-series.ts";
import type { KeyedTunnel } from "./keyed-tunnel.ts";
import { nameSecret } from "./keys.ts";
import { deriveReqid, type SenderNumbers } from "./spi.ts";

/**
 * Inbound series for all keys, an outbound one for the active key alone: the kernel takes any SA that fits a
 * template, so a second outbound SA could be used before its peer knows the key.
 */
export function keyWithDerived(
  tunnels: readonly Tunnel[],
  keyring: DerivingKeyring,
  numbers: (family: 4 | 6) => SenderNumbers,
): KeyedTunnel[] {
  const keys = activeFirst(keyring);
  return tunnels.map((tunnel) =>
    keyTunnel(tunnel, keys, numbers(tunnel.family)),
  );
}

function keyTunnel(
  tunnel: Tunnel,
  keys: readonly [PreparedKey, ...PreparedKey[]],
  numbers: SenderNumbers,
): KeyedTunnel {
  const { own, peer } = tunnel.ends;
  const reqid = deriveReqid(peer);
  const out = { tunnel, reqid, sends: true };
  const into = { tunnel, reqid, sends: false };
  const [active] = keys;
  return {
    ...tunnel,
    reqid,
    inboundSource: tunnel.remote,
    outbound: new DerivedSeries(
      out,
      active,
      numbers.spi(own, peer, { keyId: active.id, slot: 0 }),
    ),
    inbound: keys.map(
      (key) =>
        new DerivedSeries(
          into,
          key,
          numbers.spi(peer, own, { keyId: key.id, slot: 0 }),
        ),
    ),
  };
}

/** The names of a keyring's secrets, by key id; none of a static key, which has no id. */
export function secretNames(keyring: Keyring): Map<number, string> {
  const names = new Map<number, string>();
  if (keyring.kind === "keys")
    for (const { id, name } of activeFirst(keyring)) names.set(id, name);
  return names;
}

/** The keyring's secrets, the active one ahead. */
export function activeFirst(
  keyring: DerivingKeyring,
): [PreparedKey, ...PreparedKey[]] {
  const order = (id: number): number => (id === keyring.active ? 0 : id);
  const [active, ...others] = [...keyring.keys]
    .sort((a, b) => order(a.id) - order(b.id))
    .map(({ id, secret: bytes }) => {
      const secret = createSecretKey(bytes.bytes());
      return { id, secret, name: nameSecret(secret) };
    });
  if (active?.id !== keyring.active)
    throw new RangeError(
      `Cannot use key ${keyring.active}: the keyring does not hold it`,
    );
  return [active, ...others];
}
