import type { Key, SecurityAssociation } from "../../../native/index.ts";
import type { Link } from "../links.ts";

/** A link with what its policies' templates say, whoever makes its SAs. */
export interface TemplatedLink extends Link {
  readonly reqid: number;
  /** Source of inbound SAs and templates: the peer's address, or all zeros for any peer. */
  readonly inboundSource: Uint8Array;
}

/** A link with its SAs. */
export interface KeyedLink extends TemplatedLink {
  readonly outbound: SecurityAssociation;
  /** One for every key of the keyring; the active one's first. */
  readonly inbound: readonly SecurityAssociation[];
  /** The active key's; absent with a static key. */
  readonly keyId?: number;
}

/** UDP port of ESP in UDP (RFC 3948 §2.1), at both ends. */
const ENCAPSULATION = { sourcePort: 4500, destinationPort: 4500 };

/** The parts of an SA that follow from its link. */
export type Tunnel = Pick<
  SecurityAssociation,
  "source" | "destination" | "mode" | "replayWindow" | "encapsulation"
>;

/** The link's way to the peer. */
export function outboundTunnel(link: Link): Tunnel {
  return tunnel(link, { source: link.local, destination: link.remote });
}

/** The link's way from the peer, or from any where `source` is all zeros. */
export function inboundTunnel(link: Link, source: Uint8Array): Tunnel {
  return tunnel(link, { source, destination: link.local });
}

/** `rfc4106(gcm(aes))` with an integrity check value of 128 bits, as in `ip xfrm state add … 128`. */
export function gcm(key: Key): SecurityAssociation["aead"] {
  return { algorithm: "rfc4106(gcm(aes))", key, icvBits: 128 };
}

/** Replay window 0: sequence numbers start again with every boot, and a window would then drop what is new. */
function tunnel(
  link: Link,
  ends: Pick<Tunnel, "source" | "destination">,
): Tunnel {
  return {
    ...ends,
    mode: "tunnel",
    replayWindow: 0,
    ...(link.inUdp ? { encapsulation: ENCAPSULATION } : {}),
  };
}
