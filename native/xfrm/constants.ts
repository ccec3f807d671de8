/*
 * Names and values of include/uapi/linux/xfrm.h (v6.18), in the kernel's spelling.
 */

export const XFRM_MSG_NEWSA = 0x10;
export const XFRM_MSG_DELSA = 0x11;
export const XFRM_MSG_GETSA = 0x12;
export const XFRM_MSG_NEWPOLICY = 0x13;
export const XFRM_MSG_DELPOLICY = 0x14;
export const XFRM_MSG_GETPOLICY = 0x15;
export const XFRM_MSG_UPDPOLICY = 0x19;
export const XFRM_MSG_UPDSA = 0x1a;
export const XFRM_MSG_FLUSHSA = 0x1c;
export const XFRM_MSG_FLUSHPOLICY = 0x1d;
export const XFRM_MSG_NEWAE = 0x1e;
export const XFRM_MSG_GETSADINFO = 0x23;
export const XFRM_MSG_GETSPDINFO = 0x25;
export const XFRM_MSG_GETDEFAULT = 0x28;

export const XFRM_USERPOLICY_BLOCK = 1;

export const XFRMA_ALG_AUTH = 1;
export const XFRMA_ALG_CRYPT = 2;
export const XFRMA_ALG_COMP = 3;
export const XFRMA_ENCAP = 4;
export const XFRMA_TMPL = 5;
export const XFRMA_POLICY = 7;
export const XFRMA_LTIME_VAL = 9;
export const XFRMA_REPLAY_VAL = 10;
export const XFRMA_SRCADDR = 13;
export const XFRMA_LASTUSED = 15;
export const XFRMA_POLICY_TYPE = 16;
export const XFRMA_ALG_AEAD = 18;
export const XFRMA_ALG_AUTH_TRUNC = 20;
export const XFRMA_MARK = 21;
export const XFRMA_TFCPAD = 22;
export const XFRMA_REPLAY_ESN_VAL = 23;
export const XFRMA_SA_EXTRA_FLAGS = 24;
export const XFRMA_ADDRESS_FILTER = 26;
export const XFRMA_PAD = 27;
export const XFRMA_SET_MARK = 29;
export const XFRMA_SET_MARK_MASK = 30;
export const XFRMA_IF_ID = 31;

/** Attributes that are only named, to say what makes an object foreign. */
export const FOREIGN_ATTRIBUTES: Readonly<Record<number, string>> = {
  8: "XFRMA_SEC_CTX",
  14: "XFRMA_COADDR",
  28: "XFRMA_OFFLOAD_DEV",
  32: "XFRMA_MTIMER_THRESH",
  33: "XFRMA_SA_DIR",
  34: "XFRMA_NAT_KEEPALIVE_INTERVAL",
  35: "XFRMA_SA_PCPU",
};

export const XFRM_MODE_TRANSPORT = 0;
export const XFRM_MODE_TUNNEL = 1;

export const XFRM_POLICY_IN = 0;
export const XFRM_POLICY_OUT = 1;
export const XFRM_POLICY_FWD = 2;
/** A socket's policy is reported with its direction plus this. */
export const XFRM_POLICY_MAX = 3;

export const XFRM_POLICY_TYPE_MAIN = 0;

export const XFRM_POLICY_ALLOW = 0;
export const XFRM_POLICY_BLOCK = 1;

export const XFRM_POLICY_LOCALOK = 1;
export const XFRM_POLICY_ICMP = 2;

export const XFRM_STATE_NOECN = 1;
export const XFRM_STATE_DECAP_DSCP = 2;
export const XFRM_STATE_NOPMTUDISC = 4;
export const XFRM_STATE_ICMP = 16;
export const XFRM_STATE_AF_UNSPEC = 32;
export const XFRM_STATE_ESN = 128;

export const XFRM_SA_XFLAG_DONT_ENCAP_DSCP = 1;
export const XFRM_SA_XFLAG_OSEQ_MAY_WRAP = 2;

export const XFRMA_SAD_CNT = 1;
export const XFRMA_SPD_INFO = 1;

/* Multicast groups. */

/** "No limit" in `struct xfrm_lifetime_cfg`. */
export const XFRM_INF = 0xffff_ffff_ffff_ffffn;

/** include/uapi/linux/udp.h: ESP in UDP as RFC 3948 has it. */
export const UDP_ENCAP_ESPINUDP = 2;

/** include/uapi/linux/in.h. */
export const IPPROTO_ESP = 50;
