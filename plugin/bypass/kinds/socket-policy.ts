import { cidrOverlaps } from "../../../ip/cidr.ts";
import type { ObservedPolicy } from "../../../native/index.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import { few } from "../devices.ts";
import { policyWords } from "../policy-words.ts";
import { encrypts, endsOf } from "./policy.ts";

/**
 * Policies that a program has set on a socket of its own (IP_XFRM_POLICY), which the kernel asks before all others. One that asks for
 * nothing is charon's, or stopped by the rules of the fence; they cannot tell AH or IPcomp, which hide nothing, from ESP.
 */
export function socketPolicies({
  policies,
  remotes,
  devices,
}: BypassFacts): Bypass[] {
  return policies.filter(hidesNothing).flatMap((policy): Bypass[] => {
    const { far } = endsOf(policy);
    const touched = remotes.filter((remote) => cidrOverlaps(remote, far));
    if (touched.length === 0) return [];
    const words =
      policy.direction === "socket out"
        ? "lets out in clear text what it sends to"
        : "lets in in clear text what comes from";
    const networks = few(touched.map(({ text }) => text));
    return [
      {
        kind: "policy",
        severity: "open",
        sentence: `A program's socket has an xfrm policy of its own (${policyWords(policy, devices)}), asked before crosslink's, which ${words} ${networks}: end the program; \`ip xfrm policy\` shows the policy as long as it lives`,
      },
    ];
  });
}

function hidesNothing(policy: ObservedPolicy): boolean {
  return (
    policy.direction.startsWith("socket") &&
    policy.action === "allow" &&
    policy.templates.length > 0 &&
    !encrypts(policy)
  );
}
