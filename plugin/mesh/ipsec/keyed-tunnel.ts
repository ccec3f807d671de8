import type { SecurityAssociation } from "../../../native/index.ts";
import type { Tunnel } from "../tunnels.ts";
import type { TunnelSeries } from "./series.ts";

/** A tunnel with what its policies' templates say, whoever makes its SAs. */
export interface TemplatedTunnel extends Tunnel {
  readonly reqid: number;
  /** Source of inbound SAs and templates: the peer's address, or all zeros for any peer. */
  readonly inboundSource: Uint8Array;
}

/** A tunnel with its SAs. */
export interface KeyedTunnel extends TemplatedTunnel, TunnelSeries {}

/** UDP port of ESP in UDP (RFC 3948 §2.1), at both ends. */
export const ENCAPSULATION = { sourcePort: 4500, destinationPort: 4500 };

/** The parts of an SA that follow from its tunnel. */
type TunnelFields = Pick<
  SecurityAssociation,
  "source" | "destination" | "mode" | "replayWindow" | "encapsulation"
>;

/** The tunnel's way to the peer. */
export function outboundFields(tunnel: Tunnel): TunnelFields {
  return fieldsOf(tunnel, { source: tunnel.local, destination: tunnel.remote });
}

/** The tunnel's way from the peer, or from any where `source` is all zeros. */
export function inboundFields(
  tunnel: Tunnel,
  source: Uint8Array,
): TunnelFields {
  return fieldsOf(tunnel, { source, destination: tunnel.local });
}

/** `rfc4106(gcm(aes))` with an integrity check value of 128 bits, as in `ip xfrm state add … 128`. */
export const GCM = { algorithm: "rfc4106(gcm(aes))", icvBits: 128 } as const;

/** Replay window 0: sequence numbers start again with every boot, and a window would then drop what is new. */
function fieldsOf(
  tunnel: Tunnel,
  ends: Pick<TunnelFields, "source" | "destination">,
): TunnelFields {
  return {
    ...ends,
    mode: "tunnel",
    replayWindow: 0,
    ...(tunnel.inUdp ? { encapsulation: ENCAPSULATION } : {}),
  };
}
