import { type Cidr, parseCidr } from "../../ip/cidr.ts";
import type { Family } from "../netfilter/base/family.ts";
import { legacyKey } from "../netfilter/base/save.ts";
import type { WantedRule } from "../netfilter/shared/pair-rule.ts";
import { OWN_COMMENT } from "../owned.ts";

/** A rule of the fence in legacy iptables. */
interface FenceRule {
  /** Which end of a packet is in the CIDR. */
  readonly end: "-s" | "-d";
  readonly cidr: Cidr;
  /** What else it asks, in iptables' words. */
  readonly match?: string;
  readonly target: string;
}

/** What has no policy on this way, to the CIDR or from it, goes nowhere. */
export function fenceRule(direction: "in" | "out", cidr: Cidr): WantedRule {
  return ruleOf({
    end: direction === "out" ? "-d" : "-s",
    cidr,
    match: `-m policy --dir ${direction} --pol none`,
    target: "DROP",
  });
}

/** The rule as a plan compares and writes it. */
export function ruleOf({ end, cidr, match, target }: FenceRule): WantedRule {
  const text = [
    ...(cidr.prefix === 0 ? [] : [`${end} ${cidr.text}`]),
    ...(match === undefined ? [] : [match]),
    `-m comment --comment ${OWN_COMMENT}`,
    `-j ${target}`,
  ].join(" ");
  return {
    pair: { source: cidr, destination: cidr, spares: [] },
    key: legacyKey(text),
    text: () => text,
    expressions: () => [],
  };
}

/** The CIDRs that rules of ours in a family's chain name. */
export function cidrsNamed(keys: readonly string[], family: Family): Cidr[] {
  const all = family === 4 ? "0.0.0.0/0" : "::/0";
  return keys.map((key) =>
    parseCidr(/(?:^| )-[sd] (\S+)/.exec(key)?.[1] ?? all),
  );
}
