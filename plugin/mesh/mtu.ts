/** How a tunnel wraps packets. */
export interface Wrapping {
  /** Of the outer header. */
  readonly family: 4 | 6;
  /** ESP in UDP (RFC 3948). */
  readonly inUdp: boolean;
}

/** What a path of an Ethernet's usual 1500 bytes leaves for IPv4 inside of ESP. */
export const USUAL_INNER_MTU = 1446;

const IP_HEADER = { 4: 20, 6: 40 } as const;
const UDP_HEADER = 8;
const ESP_HEADER = 8; // RFC 4303 §2: SPI and sequence number
const IV = 8; // RFC 4106 §3.1
const ICV = 16;
const TRAILER = 2; // RFC 4303 §2: pad length and next header
const TCP_HEADER = 20;

/**
 * The largest packet, in bytes, that fits into ESP with rfc4106(gcm(aes)) over a path of `outerMtu`: what
 * xfrm_state_mtu() in net/xfrm/xfrm_state.c computes, with its alignment to 4 bytes.
 */
export function innerMtu(outerMtu: number, wrapping: Wrapping): number {
  const around =
    IP_HEADER[wrapping.family] +
    (wrapping.inUdp ? UDP_HEADER : 0) +
    ESP_HEADER +
    IV +
    ICV;
  return ((outerMtu - around) & ~3) - TRAILER;
}

/** The TCP segment, in bytes, that fits into a packet of this size without options. */
export function segmentSize(mtu: number, family: 4 | 6): number {
  return mtu - IP_HEADER[family] - TCP_HEADER;
}
