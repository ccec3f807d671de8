import { createSecretKey, type KeyObject } from "node:crypto";
import type { DerivingKeyring, Keyring } from "../../../conf/keyring.ts";
import {
  type Aead,
  type Key,
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../native/index.ts";
import type { Tunnel } from "../tunnels.ts";
import { SLOTS, slotOf } from "./generation.ts";
import {
  GCM,
  inboundFields,
  type KeyedTunnel,
  outboundFields,
  type TunnelFields,
} from "./keyed-tunnel.ts";
import { deriveKey, nameSecret, type SaBinding } from "./keys.ts";
import { type SaSeries, seriesOf } from "./series.ts";
import { deriveReqid, type SenderNumbers } from "./spi.ts";

/** A secret in the form from which many keys are derived fastest; it does not print either. */
export interface PreparedKey {
  readonly id: number;
  readonly secret: KeyObject;
}

type SaEnds = Pick<SaBinding, "sender" | "receiver">;

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
  const derive = (
    fields: TunnelFields,
    ends: SaEnds,
    key: PreparedKey,
  ): SaSeries => {
    const spis = SLOT_NUMBERS.map((slot) =>
      numbers.spi(ends.sender, ends.receiver, { keyId: key.id, slot }),
    );
    const { family } = tunnel;
    return seriesOf({ keyId: key.id, spis }, (generation) => ({
      ...fields,
      spi: spis[slotOf(generation)] ?? 0,
      reqid,
      aead: new DerivedAead(key, { ...ends, family, generation }),
      flags: XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP,
    }));
  };
  const [active] = keys;
  const way = inboundFields(tunnel, tunnel.remote);
  return {
    ...tunnel,
    reqid,
    inboundSource: tunnel.remote,
    outbound: derive(
      outboundFields(tunnel),
      { sender: own, receiver: peer },
      active,
    ),
    inbound: keys.map((key) =>
      derive(way, { sender: peer, receiver: own }, key),
    ),
  };
}

/**
 * Derives its key each time that it is asked for: of a large mesh's SAs most are only named, and none of their keys stays in
 * memory. A class, since objects with a getter of their own would each have a shape of their own.
 */
class DerivedAead implements Aead {
  readonly algorithm = GCM.algorithm;
  readonly icvBits = GCM.icvBits;
  readonly #from: PreparedKey;
  readonly place: Omit<SaBinding, "keyId">;

  constructor(from: PreparedKey, place: Omit<SaBinding, "keyId">) {
    this.#from = from;
    this.place = place;
  }

  get key(): Key {
    const { secret, id: keyId } = this.#from;
    return deriveKey(secret, { ...this.place, keyId });
  }
}

const SLOT_NUMBERS = Array.from({ length: SLOTS }, (_, slot) => slot);

/** The names of a keyring's secrets, by key id; none of a static key, which has no id. */
export function secretNames(keyring: Keyring): Map<number, string> {
  const names = new Map<number, string>();
  if (keyring.kind === "keys")
    for (const { id, secret } of activeFirst(keyring))
      names.set(id, nameSecret(secret));
  return names;
}

/** The keyring's secrets, the active one ahead. */
export function activeFirst(
  keyring: DerivingKeyring,
): [PreparedKey, ...PreparedKey[]] {
  const order = (id: number): number => (id === keyring.active ? 0 : id);
  const [active, ...others] = [...keyring.keys]
    .sort((a, b) => order(a.id) - order(b.id))
    .map(({ id, secret }) => ({ id, secret: createSecretKey(secret.bytes()) }));
  if (active?.id !== keyring.active)
    throw new RangeError(
      `Cannot use key ${keyring.active}: the keyring does not hold it`,
    );
  return [active, ...others];
}
