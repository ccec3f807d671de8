import { createSecretKey, type KeyObject } from "node:crypto";
import type { DerivingKeyring } from "../../../conf/keyring.ts";
import {
  type Aead,
  type Key,
  type SecurityAssociation,
  XFRM_STATE_AF_UNSPEC,
  XFRM_STATE_ICMP,
} from "../../../native/index.ts";
import type { Tunnel } from "../tunnels.ts";
import {
  GCM,
  inboundFields,
  type KeyedTunnel,
  outboundFields,
} from "./keyed-tunnel.ts";
import { deriveKey, type SaBinding } from "./keys.ts";
import { deriveReqid, type SenderNumbers } from "./spi.ts";

/** A secret in the form from which many keys are derived fastest; it does not print either. */
export interface PreparedKey {
  readonly id: number;
  readonly secret: KeyObject;
}

type SaEnds = Pick<SaBinding, "sender" | "receiver">;

/** The parts of an SA that come from the keyring. */
type Keyed = Pick<SecurityAssociation, "spi" | "reqid" | "aead" | "flags">;

/**
 * Inbound SAs for all keys, an outbound one for the active key alone: the kernel takes any SA that fits a
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
  const derive = (ends: SaEnds, key: PreparedKey): Keyed => ({
    spi: numbers.spi(ends.sender, ends.receiver, key.id),
    reqid,
    aead: new DerivedAead(key, ends, tunnel.family),
    flags: XFRM_STATE_AF_UNSPEC | XFRM_STATE_ICMP,
  });
  const [active] = keys;
  return {
    ...tunnel,
    reqid,
    keyId: active.id,
    inboundSource: tunnel.remote,
    outbound: {
      ...outboundFields(tunnel),
      ...derive({ sender: own, receiver: peer }, active),
    },
    inbound: keys.map((key) => ({
      ...inboundFields(tunnel, tunnel.remote),
      ...derive({ sender: peer, receiver: own }, key),
    })),
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
  readonly ends: SaEnds;
  readonly family: 4 | 6;

  constructor(from: PreparedKey, ends: SaEnds, family: 4 | 6) {
    this.#from = from;
    this.ends = ends;
    this.family = family;
  }

  get key(): Key {
    const { secret, id: keyId } = this.#from;
    return deriveKey(secret, { ...this.ends, family: this.family, keyId });
  }
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
