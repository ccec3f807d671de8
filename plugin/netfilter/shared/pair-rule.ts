import type { Cidr } from "../../../conf/cidr.ts";
import type { Expression } from "../../../native/nftables/expression/expression.ts";
import { COUNTER, inNetwork, withoutMark } from "../expressions.ts";
import { MASQUERADE_MARK, OWN_COMMENT } from "../own.ts";

/** A rule of ours in a chain of others: what goes from one network to another. Both backends can say it. */
export interface PairRule {
  readonly source: Cidr;
  readonly destination: Cidr;
  /** Whether packets that kube-proxy marked for masquerading are left to the rules that follow. */
  readonly sparesMarked: boolean;
  readonly verdict: "RETURN" | "ACCEPT";
}

/** The rule as `iptables -S` prints it, without `-A CHAIN`. */
export function toIptables(rule: PairRule): string {
  const hex = `0x${MASQUERADE_MARK.toString(16)}`;
  return [
    ...network("-s", rule.source),
    ...network("-d", rule.destination),
    ...(rule.sparesMarked ? [`-m mark ! --mark ${hex}/${hex}`] : []),
    `-m comment --comment ${OWN_COMMENT}`,
    `-j ${rule.verdict}`,
  ].join(" ");
}

/** The rule as iptables-nft would write it; its comment is in the userdata. */
export function toExpressions(rule: PairRule): Expression[] {
  return [
    ...inNetwork("source", rule.source),
    ...inNetwork("destination", rule.destination),
    ...(rule.sparesMarked ? withoutMark() : []),
    COUNTER,
    {
      kind: "verdict",
      verdict: rule.verdict === "RETURN" ? "return" : "accept",
    },
  ];
}

/** What tells two rules apart besides their networks' bytes. */
export function pairRest(rule: {
  readonly prefixes: readonly [number, number];
  readonly sparesMarked: boolean;
  readonly verdict: PairRule["verdict"];
}): string {
  const { prefixes, sparesMarked, verdict } = rule;
  return `${prefixes.join(" ")} ${sparesMarked} ${verdict}`;
}

function network(option: string, { prefix, text }: Cidr): string[] {
  return prefix === 0 ? [] : [`${option} ${text}`];
}
