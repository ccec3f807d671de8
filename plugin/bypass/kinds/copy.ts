import type { Bypass, BypassFacts } from "../bypass.ts";

/**
 * Rules that copy packets while they pass. A copy of what a pod sends is asked by the fence's rules again (nf_dup_ipv4() in
 * net/ipv4/netfilter/nf_dup_ipv4.c sends it as the node's own); one of what was decrypted has nothing that keeps it.
 */
export function copies({ copiers }: BypassFacts): Bypass[] {
  return copiers.map(({ table, look }) => ({
    kind: "redirect",
    severity: "weak",
    sentence: `Table "${table}" sends copies of packets elsewhere (\`dup\` or TEE), in clear text also of what a tunnel brought: find the rule with \`${look}\`, and keep remote CIDRs out of it`,
  }));
}
