/** kube-proxy's "masquerade this" (`--iptables-masquerade-bit=14`): packets with it keep their SNAT. */
export const MASQUERADE_MARK = 0x4000;
