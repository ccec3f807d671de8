const IP_HEADER = { 4: 20, 6: 40 } as const;
const UDP_HEADER = 8;
const VXLAN_HEADER = 8; // RFC 7348 §5
const ETHERNET_HEADER = 14;

/** The largest packet, in bytes, that fits into VXLAN over devices of `underlayMtu`: 50 less for IPv4, 70 for IPv6. */
export function overlayMtu(underlayMtu: number, family: 4 | 6): number {
  const around =
    IP_HEADER[family] + UDP_HEADER + VXLAN_HEADER + ETHERNET_HEADER;
  return underlayMtu - around;
}
