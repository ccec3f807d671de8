import type { PacketMark } from "./mark.ts";

// Other programs' chains and marks that crosslink knows by name: all of them are here.

/** Chains that a node's CNI plugins and kube-proxy make: where they are, there are the node's masquerade rules. */
export function isNodeChain(name: string): boolean {
  return /^(?:KUBE-|cali-|FLANNEL-|CNI-)/.test(name);
}

/**
 * Chains that may stay ahead of our RETURN rules: they only masquerade what is marked for it, or (Calico's) would be
 * put back to the head at once, so that a fight for that place could not be won.
 */
export function mayStayAhead(chain: string): boolean {
  return /^(?:KUBE-POSTROUTING$|CNI-HOSTPORT-MASQ$|cali-)/.test(chain);
}

/** Chains of programs that filter by a policy of their own, such as network policies: what they drop in part is meant. */
export function mayFilterAhead(chain: string): boolean {
  return /^(?:ANTREA-|CILIUM_|CNI-|DOCKER|FLANNEL-|KUBE-|LIBVIRT_|cali-)/.test(
    chain,
  );
}

/** kube-proxy's "masquerade this", where no rule of its own tells another: `--iptables-masquerade-bit=14`. */
export const KUBE_PROXY_MARK: PacketMark = { value: 0x4000, mask: 0x4000 };
