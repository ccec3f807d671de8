import { booter } from "../../support/guest/booter.ts";
import { SCENE_MODULES } from "../../support/guest/modules.ts";

/** What kubelet, flanneld, Felix and containerd need of the kernel, beside what all scenes need. */
const MODULES = [
  ...SCENE_MODULES,
  ...[
    "ip_set",
    "ip_set_hash_ip",
    "ip_set_hash_ipport",
    "ip_set_hash_ipportip",
    "ip_set_hash_ipportnet",
  ],
  ...[
    "ip_set_bitmap_port",
    "nft_numgen",
    "nft_hash",
    "nft_objref",
    "nft_limit",
  ],
  ...[
    "nft_fib",
    "nft_fib_ipv4",
    "nft_fib_ipv6",
    "nft_redir",
    "nft_reject",
    "xt_CT",
    "xt_REDIRECT",
  ],
  ...[
    "xt_multiport",
    "xt_rpfilter",
    "xt_statistic",
    "xt_recent",
    "xt_NFLOG",
    "xt_physdev",
    "xt_u32",
    "xt_tcpudp",
  ],
  // kube-proxy's mode ipvs, with the device that has services' addresses.
  ...["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "dummy"],
];

const MEGABYTES = 6144;

/** A guest that runs one command. */
export interface Booted {
  /** What the command wrote, once it has ended or the guest is gone. */
  readonly ended: Promise<string>;
  readonly end: () => void;
}

/** Boots a guest with the host's loopback in reach, and runs a command in it for at most two hours. */
export async function bootGuest(command: readonly string[]): Promise<Booted> {
  const guest = await booter()({
    modules: MODULES,
    megabytes: MEGABYTES,
    network: true,
  });
  const ended = guest.run({ command, seconds: 7200 }).then(
    ({ status, output }) => `${output}\nexit code ${status}`,
    (error: unknown) => String(error),
  );
  return {
    ended,
    end: () => {
      guest[Symbol.dispose]();
    },
  };
}
