/** Our table of nf_tables, in the families `ip` and `ip6`: all that is in it is ours. */
export const OWN_TABLE = "crosslink";

/** The comment of our rules in tables of others. */
export const OWN_COMMENT = "crosslink";

/** kube-proxy's "masquerade this" (`--iptables-masquerade-bit=14`): packets with it keep their SNAT. */
export const MASQUERADE_MARK = 0x4000;
