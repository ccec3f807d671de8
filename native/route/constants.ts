/** Kernel numbers of rtnetlink, with the kernel's names: include/uapi/linux/{rtnetlink,if_link,if_addr,neighbour,fib_rules,net_namespace}.h (v6.1). */

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;
export const RTM_GETQDISC = 38;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;
export const RTM_GETNSID = 90;

export const IFF_UP = 0x1;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
export const IFLA_IFALIAS = 20;
export const IFLA_AF_SPEC = 26;
export const IFLA_EXT_MASK = 29;
export const IFLA_LINK_NETNSID = 37;
export const IFLA_XDP = 43;
export const IFLA_ALT_IFNAME = 53;
export const IFLA_INFO_KIND = 1;

/** Within IFLA_AF_SPEC: an array of __u32, one a setting of net.ipv4.conf.DEV, or net.ipv6.conf.DEV. */
export const IFLA_INET_CONF = 1;
export const IFLA_INET6_CONF = 2;
/** include/uapi/linux/ip.h; the array begins with setting 1. */
export const IPV4_DEVCONF_NOXFRM = 15;
export const IPV4_DEVCONF_NOPOLICY = 16;
/** include/uapi/linux/ipv6.h; the array begins with setting 0. */
export const DEVCONF_DISABLE_POLICY = 48;
export const IFLA_XDP_PROG_ID = 4;

/** Leaves the counters out of a link's answer, which are half of its bytes. */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3;

export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_LABEL = 3;
export const IFA_FLAGS = 8;
export const IFA_TARGET_NETNSID = 10;

export const NETNSA_NSID = 1;
export const NETNSA_FD = 3;

export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_MULTIPATH = 9;
export const RTA_TABLE = 15;
export const RTA_VIA = 18;
export const RTA_ENCAP_TYPE = 21;

/** enum lwtunnel_encap_types: include/uapi/linux/lwtunnel.h. */
export const LWTUNNEL_ENCAP_ILA = 3;
export const LWTUNNEL_ENCAP_SEG6 = 5;
export const LWTUNNEL_ENCAP_BPF = 6;
export const LWTUNNEL_ENCAP_SEG6_LOCAL = 7;
export const LWTUNNEL_ENCAP_RPL = 8;
export const LWTUNNEL_ENCAP_IOAM6 = 9;
export const RTAX_MTU = 2;
export const RTAX_ADVMSS = 8;

export const RTNH_F_ONLINK = 4;
/** The answer names the table that the route was found in. */
export const RTM_F_LOOKUP_TABLE = 0x1000;
/** The answer is the table's entry, not the way of one packet. */
export const RTM_F_FIB_MATCH = 0x2000;

/** IP6_RT_PRIO_USER, include/uapi/linux/ipv6_route.h: the metric of an IPv6 route that asks for none. */
export const IP6_RT_PRIO_USER = 1024;

export const RT_TABLE_UNSPEC = 0;
/** Where routes go that name no table. */
export const RT_TABLE_MAIN = 254;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
/** Dropped silently. */
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;
/** The look-up goes on with the next rule, as if this table had nothing. */
export const RTN_THROW = 9;

export const NDA_DST = 1;
export const NDA_PROTOCOL = 12;
/** Nobody answered. */
export const NUD_FAILED = 0x20;
export const NUD_PERMANENT = 0x80;
/** The kernel answers for this address on that device. */
export const NTF_PROXY = 0x08;

export const FRA_DST = 1;
export const FRA_SRC = 2;
export const FRA_IIFNAME = 3;
export const FRA_GOTO = 4;
export const FRA_PRIORITY = 6;
export const FRA_FWMARK = 10;
export const FRA_TUN_ID = 12;
export const FRA_SUPPRESS_IFGROUP = 13;
export const FRA_SUPPRESS_PREFIXLEN = 14;
export const FRA_TABLE = 15;
export const FRA_FWMASK = 16;
export const FRA_OIFNAME = 17;
export const FRA_L3MDEV = 19;
export const FRA_UID_RANGE = 20;
export const FRA_PROTOCOL = 21;
export const FRA_IP_PROTO = 22;
export const FRA_SPORT_RANGE = 23;
export const FRA_DPORT_RANGE = 24;
export const FIB_RULE_INVERT = 0x2;
export const FR_ACT_TO_TBL = 1;
export const FR_ACT_GOTO = 2;
export const FR_ACT_NOP = 3;
export const FR_ACT_BLACKHOLE = 6;
export const FR_ACT_UNREACHABLE = 7;
export const FR_ACT_PROHIBIT = 8;
