import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const BUILT_IN = "modules.builtin";

/** Whether a kernel has this module, built in or to be loaded, by the lists in its folder. */
export function hasModule(folder: string, name: string): boolean {
  return isListed(folder, ["modules.dep", BUILT_IN], name);
}

/** Whether it is part of the kernel itself. */
export function isBuiltIn(folder: string, name: string): boolean {
  return isListed(folder, [BUILT_IN], name);
}

/** Files have a dash where names have an underscore, or the other way round. */
function isListed(
  folder: string,
  lists: readonly string[],
  name: string,
): boolean {
  const plain = (text: string): string => text.replaceAll("-", "_");
  return lists
    .map((list) => join(folder, list))
    .filter((path) => existsSync(path))
    .some((path) =>
      plain(readFileSync(path, "utf8")).includes(`/${plain(name)}.ko`),
    );
}

/**
 * What ESP with `rfc4106(gcm(aes))` needs of the kernel, over IPv4 and IPv6, and veth pairs. None is left to the kernel to load
 * when it first encrypts: it waits a minute for that, and on a busy machine that is too short in a guest.
 */
export const IPSEC_MODULES = [
  "esp4",
  "esp6",
  "xfrm_user",
  "gcm",
  "ctr",
  "ghash-generic",
  "seqiv",
  "drbg",
  "hmac",
  "sha512_generic",
  "veth",
] as const;

/** Legacy iptables as nodes have it, what CNI plugins do with it, and bridges: all that scenes have where nf_tables is missing. */
export const LEGACY_MODULES = [
  ...IPSEC_MODULES,
  "bridge",
  "nf_conntrack_netlink",
  "iptable_nat",
  "iptable_filter",
  "iptable_mangle",
  "iptable_raw",
  "ip6table_nat",
  "ip6table_filter",
  "ip6table_mangle",
  "ip6table_raw",
  "xt_MASQUERADE",
  "xt_NETMAP",
  "xt_TCPMSS",
  "xt_addrtype",
  "xt_comment",
  "xt_conntrack",
  "xt_mark",
  "xt_nat",
  "xt_policy",
  "xt_set",
  "xt_tcpudp",
] as const;

/** What scenes need of a guest's kernel: ESP, and what nodes and their CNI plugins have. */
export const SCENE_MODULES = [
  ...LEGACY_MODULES,
  "br_netfilter",
  "vxlan",
  "nf_tables",
  "nft_chain_nat",
  "nft_compat",
  "nft_ct",
  "nft_fib_inet",
  "nft_masq",
  "nft_nat",
  "nft_reject_inet",
  "nft_xfrm",
  "ip_set_hash_net",
  "ipip",
  "ip_gre",
  "vrf",
] as const;
