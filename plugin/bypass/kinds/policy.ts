import {
  type Cidr,
  cidrContains,
  cidrOf,
  cidrOverlaps,
} from "../../../ip/cidr.ts";
import {
  type IpPrefix,
  IPPROTO_ESP,
  type ObservedPolicy,
  type SecurityPolicy,
} from "../../../native/index.ts";
import { BLOCK_PRIORITY, ownsPolicy, PROTECT_PRIORITY } from "../../owned.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import { few } from "../devices.ts";
import { policyCommand, policyWords } from "../policy-words.ts";

/**
 * Other programs' xfrm policies that the kernel asks before ours, about traffic that is ours: charon's bypass-lan, another VPN's
 * "everything else passes", an administrator's block.
 */
export function foreignPolicies(facts: BypassFacts): Bypass[] {
  const asked = facts.policies.filter(isAsked);
  if (asked.length === 0) return [];
  const protecting = protectors(facts.protecting);
  return asked.flatMap((policy) => judge(policy, facts, protecting));
}

/**
 * Whether the kernel may ask this policy before ours. Sockets' and the sub database's come on top of ours, and those of an if_id are
 * for what is routed to that xfrm device, which takes nothing but what its policies encrypt.
 */
function isAsked(policy: ObservedPolicy): boolean {
  return (
    policy.priority < BLOCK_PRIORITY &&
    !ownsPolicy(policy) &&
    !policy.direction.startsWith("socket") &&
    !policy.foreign.includes("policy of the sub database") &&
    (policy.ifId ?? 0) === 0 &&
    !isNeighbourDiscovery(policy)
  );
}

const ICMPV6 = 58;

/** RFC 4861: router solicitation to redirect. Other IPsec programs let them pass; no router forwards them. */
function isNeighbourDiscovery({ selector }: ObservedPolicy): boolean {
  const { protocol, sourcePort: type = 0 } = selector;
  return protocol === ICMPV6 && type >= 133 && type <= 137;
}

interface Ends {
  readonly near: Cidr;
  readonly far: Cidr;
}

/** Our tunnels' ends by direction. */
type Protectors = ReadonlyMap<string, readonly Ends[]>;

function judge(
  policy: ObservedPolicy,
  { remotes, locals, devices }: BypassFacts,
  protecting: Protectors,
): Bypass[] {
  const { near, far } = endsOf(policy);
  const touched = remotes
    .filter((remote) => cidrOverlaps(remote, far))
    .filter((remote) => !isShadowed(policy, remote, protecting))
    .map(({ text }) => text);
  if (touched.length === 0) return [];
  const effect = effectOf(policy);
  // What is not of our pods our block policies stop anyway.
  const concernsPods = locals.some((local) => cidrOverlaps(local, near));
  if (effect.severity === "weak" && !concernsPods) return [];
  const sentence = `Another program's xfrm policy (${policyWords(policy, devices)}) comes before crosslink's and ${effect.words} ${few(touched)}: remove it with \`${policyCommand(policy)}\`, or give it a priority above ${String(BLOCK_PRIORITY)}`;
  return [{ kind: "policy", severity: effect.severity, sentence }];
}

/** One that is asked after our tunnels, and only about what they take. */
function isShadowed(
  policy: ObservedPolicy,
  remote: Cidr,
  protecting: Protectors,
): boolean {
  if (policy.priority < PROTECT_PRIORITY) return false;
  const { near, far } = endsOf(policy);
  const common = far.prefix > remote.prefix ? far : remote;
  return (protecting.get(policy.direction) ?? []).some(
    (ours) => cidrContains(ours.near, near) && cidrContains(ours.far, common),
  );
}

function protectors(policies: readonly SecurityPolicy[]): Protectors {
  return Map.groupBy(
    policies.map((policy) => ({ ...endsOf(policy), policy })),
    ({ policy }) => policy.direction,
  );
}

/** Outbound the far end is the destination, else the source. */
export function endsOf({ direction, selector }: SecurityPolicy): Ends {
  const source = cidr(selector.source);
  const destination = cidr(selector.destination);
  return direction === "out" || direction === "socket out"
    ? { near: source, far: destination }
    : { near: destination, far: source };
}

function cidr({ address, length }: IpPrefix): Cidr {
  return cidrOf(address, length);
}

function effectOf(policy: ObservedPolicy): {
  readonly severity: Bypass["severity"];
  readonly words: string;
} {
  const out = policy.direction === "out";
  if (policy.action === "block")
    return {
      severity: "weak",
      words: out ? "stops what goes to" : "stops what comes from",
    };
  if (encrypts(policy))
    return {
      severity: "weak",
      words: out
        ? "takes through another tunnel what goes to"
        : "demands another tunnel for what comes from",
    };
  return {
    severity: "open",
    words: out
      ? "lets out in clear text what goes to"
      : "lets in in clear text what comes from",
  };
}

/** AH and IPcomp hide nothing, and an optional template is no demand. */
export function encrypts({ templates }: ObservedPolicy): boolean {
  return templates.some(
    ({ protocol = IPPROTO_ESP, optional = false }) =>
      protocol === IPPROTO_ESP && !optional,
  );
}
