import { createSecretKey, type KeyObject } from "node:crypto";
import type { Keyring } from "../../../conf/keyring.ts";
import { XFRM_STATE_AF_UNSPEC } from "../../../native/xfrm/constants.ts";
import { Key } from "../../../native/xfrm/key.ts";
import type { SecurityAssociation } from "../../../native/xfrm/sa.ts";
import { deriveKey, type SaBinding } from "./keys.ts";
import type { Link } from "../links.ts";
import { deriveReqid, deriveSpi, type SenderNumbers } from "./spi.ts";

/** A link with its SAs. */
export interface KeyedLink extends Link {
  readonly reqid: number;
  /** Source of inbound SAs and templates: the peer's address, or all zeros for any peer. */
  readonly inboundSource: Uint8Array;
  readonly outbound: SecurityAssociation;
  /** One for every key of the keyring; the active one's first. */
  readonly inbound: readonly SecurityAssociation[];
  /** The active key's; absent with a static key. */
  readonly keyId?: number;
}

type Derived = Extract<Keyring, { kind: "keys" }>;
/** A key of the keyring in the form from which many others are derived fastest; it does not print either. */
interface DerivingKey {
  readonly id: number;
  readonly secret: KeyObject;
}
type Static = Extract<Keyring, { kind: "static" }>;

/** The parts of an SA that come from a keyring. */
type Keyed = Pick<SecurityAssociation, "spi" | "reqid" | "aead" | "flags">;

/** UDP port of ESP in UDP (RFC 3948 §2.1). */
const ENCAPSULATION_PORT = 4500;

/** Gives each link its SAs. `numbers` is asked only with derived keys. */
export function keyLinks(
  links: readonly Link[],
  keyring: Keyring,
  numbers: (family: 4 | 6) => SenderNumbers,
): KeyedLink[] {
  if (keyring.kind === "keys") {
    const keys = activeFirst(keyring);
    return links.map((link) =>
      keyWithDerived(link, keys, numbers(link.family)),
    );
  }
  return links.map((link) => {
    const sharesAddress = links.some(
      (other) => other !== link && other.family === link.family,
    );
    return keyWithStatic(link, keyring, sharesAddress);
  });
}

/**
 * Inbound SAs for all keys, an outbound one for the active key alone: the kernel takes any SA that fits a
 * template, so a second outbound SA could be used before its peer knows the key.
 */
function keyWithDerived(
  link: Link,
  keys: readonly [DerivingKey, ...DerivingKey[]],
  numbers: SenderNumbers,
): KeyedLink {
  const { own, peer } = link.ends;
  const reqid = deriveReqid(peer);
  const derive = (
    ends: Pick<SaBinding, "sender" | "receiver">,
    key: DerivingKey,
  ): Keyed => ({
    spi: deriveSpi(numbers.of(ends.sender), ends.receiver, key.id),
    reqid,
    aead: gcm(
      deriveKey(key.secret, {
        ...ends,
        family: link.family,
        keyId: key.id,
      }),
    ),
    flags: XFRM_STATE_AF_UNSPEC,
  });
  const [active] = keys;
  const outbound = {
    ...tunnel(link, "out", link.remote),
    ...derive({ sender: own, receiver: peer }, active),
  };
  const inbound = keys.map((key) => ({
    ...tunnel(link, "in", link.remote),
    ...derive({ sender: peer, receiver: own }, key),
  }));
  return {
    ...link,
    reqid,
    keyId: active.id,
    inboundSource: link.remote,
    outbound,
    inbound,
  };
}

function activeFirst(keyring: Derived): [DerivingKey, ...DerivingKey[]] {
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

/**
 * One key and SPI for all. The kernel can hold only one inbound SA with this SPI at this node's address, and
 * its source is what decrypted packets are checked against; where several peers send to the address it is
 * therefore "any" (all zeros), in the SA and in the templates (xfrm_state_ok, include/net/xfrm.h). That gives
 * nothing away: who has the one key can send as any of them in any case.
 */
function keyWithStatic(
  link: Link,
  keyring: Static,
  sharesAddress: boolean,
): KeyedLink {
  const inboundSource = sharesAddress
    ? new Uint8Array(link.remote.length)
    : link.remote;
  const common = {
    spi: keyring.spi,
    reqid: keyring.reqid,
    aead: gcm(new Key(keyring.key.bytes())),
    ...(link.mixed ? { flags: XFRM_STATE_AF_UNSPEC } : {}),
  };
  return {
    ...link,
    reqid: keyring.reqid,
    inboundSource,
    outbound: { ...tunnel(link, "out", link.remote), ...common },
    inbound: [{ ...tunnel(link, "in", inboundSource), ...common }],
  };
}

/** Replay window 0: sequence numbers start again with every boot, and a window would then drop what is new. */
function tunnel(
  link: Link,
  direction: "in" | "out",
  remote: Uint8Array,
): Pick<
  SecurityAssociation,
  "source" | "destination" | "mode" | "replayWindow" | "encapsulation"
> {
  const ends =
    direction === "out"
      ? { source: link.local, destination: remote }
      : { source: remote, destination: link.local };
  const ports = {
    sourcePort: ENCAPSULATION_PORT,
    destinationPort: ENCAPSULATION_PORT,
  };
  return {
    ...ends,
    mode: "tunnel",
    replayWindow: 0,
    ...(link.inUdp ? { encapsulation: ports } : {}),
  };
}

function gcm(key: Key): SecurityAssociation["aead"] {
  return { algorithm: "rfc4106(gcm(aes))", key, icvBits: 128 };
}
