import type { Cidr } from "../../../ip/cidr.ts";
import type { Expression } from "../../../native/index.ts";
import {
  COUNTER,
  inNetwork,
  significantBytes,
  withoutMarks,
} from "../base/expressions.ts";
import { legacyKey } from "../base/save.ts";
import { guardText, type PacketMark } from "../base/mark.ts";
import { OWN_COMMENT } from "../../owned.ts";
import type { Backend } from "./chain.ts";
import { pairKey } from "./nft-rule.ts";
import { pairRest, type Verdict } from "./pair-rest.ts";

/** A rule of ours in a chain of others: what goes from one network to another. */
export interface PairMatch {
  readonly source: Cidr;
  readonly destination: Cidr;
  /** Marks of packets that are left to the rules that follow: kube-proxy's "masquerade this" and its like. */
  readonly spares: readonly PacketMark[];
}

/** One that both backends can say. */
export interface PairRule extends PairMatch {
  readonly verdict: Verdict;
}

/** One that only legacy iptables needs: what it does is in our own table elsewhere. */
export interface LegacyPairRule extends PairMatch {
  /** Only packets that open a TCP connection. */
  readonly opensTcp: boolean;
  /** As iptables-save prints it, behind `-j`. */
  readonly target: string;
}

/** A rule as a plan compares and writes it. */
export interface WantedRule {
  readonly pair: PairMatch;
  /** The same for rules that do the same. */
  readonly key: string;
  /** As `iptables -S` prints it, without `-A CHAIN`. */
  readonly text: () => string;
  readonly expressions: () => Expression[];
}

/** The rule for a backend. */
export function wantedRule(backend: Backend, rule: PairRule): WantedRule {
  return new WantedPairRule(backend, rule);
}

/** A class, since functions of its own would take several times as much memory: a large mesh may have tens of thousands. */
class WantedPairRule implements WantedRule {
  readonly pair: PairRule;
  readonly key: string;

  constructor(backend: Backend, pair: PairRule) {
    this.pair = pair;
    this.key = backend === "legacy" ? legacyKey(this.text()) : nftKey(pair);
  }

  text(): string {
    const { pair } = this;
    return toIptables({ ...pair, opensTcp: false, target: pair.verdict });
  }

  expressions(): Expression[] {
    return toExpressions(this.pair);
  }
}

/** The rule for legacy iptables. */
export function legacyRule(rule: LegacyPairRule): WantedRule {
  const text = toIptables(rule);
  return {
    pair: rule,
    key: legacyKey(text),
    text: () => text,
    expressions: () => [],
  };
}

/** The rule as iptables-nft would write it; its comment is in the userdata. */
export function toExpressions(rule: PairRule): Expression[] {
  return [
    ...inNetwork("source", rule.source),
    ...inNetwork("destination", rule.destination),
    ...withoutMarks(rule.spares),
    COUNTER,
    {
      kind: "verdict",
      verdict: rule.verdict === "RETURN" ? "return" : "accept",
    },
  ];
}

function nftKey(rule: PairRule): string {
  const { source, destination } = rule;
  const prefixes = [source.prefix, destination.prefix] as const;
  return pairKey({
    source: significantBytes(source),
    destination: significantBytes(destination),
    rest: pairRest({ ...rule, prefixes }),
  });
}

function toIptables(rule: LegacyPairRule): string {
  return [
    ...network("-s", rule.source),
    ...network("-d", rule.destination),
    ...(rule.opensTcp ? ["-p tcp -m tcp --tcp-flags SYN,RST SYN"] : []),
    ...rule.spares.map(guardText),
    `-m comment --comment ${OWN_COMMENT}`,
    `-j ${rule.target}`,
  ].join(" ");
}

function network(option: string, { prefix, text }: Cidr): string[] {
  return prefix === 0 ? [] : [`${option} ${text}`];
}
