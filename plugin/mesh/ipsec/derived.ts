import { createSecretKey } from "node:crypto";
import type { DerivingKeyring, Keyring } from "../../../conf/keyring.ts";
import type { Tunnel } from "../tunnels.ts";
import { DerivedSeries, type PreparedKey } from "./derived-series.ts";
import type { KeyedTunnel, TemplatedTunnel } from "./keyed-tunnel.ts";
import { nameSecret } from "./keys.ts";
import type { SenderNumbers } from "./sender-numbers.ts";
import { deriveReqid } from "./spi.ts";

/**
 * Inbound series for all keys, an outbound one for the active key alone: the kernel takes any SA that fits a
 * template, so a second outbound SA could be used before its peer knows the key.
 */
export function keyWithDerived(
  tunnels: readonly Tunnel[],
  keys: PreparedKeys,
  numbers: Readonly<Record<4 | 6, SenderNumbers>>,
  make = keyTunnel,
): KeyedTunnel[] {
  const [active] = keys;
  return tunnels.map((tunnel) => {
    const { own, peer } = tunnel.ends;
    const { spi } = numbers[tunnel.family];
    return make(
      tunnel,
      keys,
      spi(own, peer, { keyId: active.id, slot: 0 }),
      // Key ids are the low bits of an SPI, so that one tells all.
      spi(peer, own, { keyId: 0, slot: 0 }),
    );
  });
}

/**
 * One tunnel with its series.
 *
 * @param out the SPI of what is sent, of slot 0
 * @param into that of what is received, without its key id
 */
export function keyTunnel(
  tunnel: Tunnel,
  keys: PreparedKeys,
  out: number,
  into: number,
): KeyedTunnel {
  const keyed: TemplatedTunnel = {
    ...tunnel,
    reqid: deriveReqid(tunnel.ends.peer),
    inboundSource: tunnel.remote,
  };
  const [active] = keys;
  // Series that knew the tunnel as it was given would keep it in memory beside this one.
  const sending = { tunnel: keyed, sends: true };
  const receiving = { tunnel: keyed, sends: false };
  return Object.assign(keyed, {
    outbound: new DerivedSeries(sending, active, out),
    inbound: keys.map(
      (key) => new DerivedSeries(receiving, key, into + key.id),
    ),
  });
}

/** A keyring's secrets, the active one ahead. */
export type PreparedKeys = readonly [PreparedKey, ...PreparedKey[]];

/** The names of a keyring's secrets, by key id; none of a static key, which has no id. */
export function secretNames(keyring: Keyring): Map<number, string> {
  const names = new Map<number, string>();
  if (keyring.kind === "keys")
    for (const { id, name } of activeFirst(keyring)) names.set(id, name);
  return names;
}

/** The keyring's secrets, the active one ahead. */
export function activeFirst(keyring: DerivingKeyring): PreparedKeys {
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
