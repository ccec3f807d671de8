/** Kernel numbers of traffic control, with the kernel's names: include/uapi/linux/{rtnetlink,pkt_sched,pkt_cls}.h, tc_act/*.h (v6.1). */

export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;

/** The parent of what a device receives, at a qdisc "ingress" as well as "clsact": TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS). */
export const INGRESS_PARENT = 0xfffffff2;

/** Where each kind of filter keeps its actions among its options. */
export const ACTIONS_BY_KIND: Readonly<Record<string, number>> = {
  basic: 3, // TCA_BASIC_ACT
  bpf: 1, // TCA_BPF_ACT
  cgroup: 1, // TCA_CGROUP_ACT
  flow: 9, // TCA_FLOW_ACT
  flower: 3, // TCA_FLOWER_ACT
  fw: 4, // TCA_FW_ACT
  matchall: 2, // TCA_MATCHALL_ACT
  route: 6, // TCA_ROUTE4_ACT
  u32: 7, // TCA_U32_ACT
};

export const TCA_BPF_OPS = 5;
export const TCA_BPF_NAME = 7;
export const TCA_BPF_FLAGS = 8;
export const TCA_BPF_ID = 11;
export const TCA_BPF_FLAG_ACT_DIRECT = 1;

export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;

export const TCA_ACT_BPF_NAME = 6;
export const TCA_ACT_BPF_ID = 9;

export const TCA_MIRRED_PARMS = 2;
export const TCA_EGRESS_REDIR = 1;
export const TCA_INGRESS_REDIR = 3;
