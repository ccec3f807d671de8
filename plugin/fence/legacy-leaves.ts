import { sameItems } from "../../diff/same-items.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { type Family, traitsOf } from "../netfilter/base/family.ts";
import { outermostOf } from "../netfilter/base/network-pairs.ts";
import type {
  LegacyOperation,
  NetfilterOperation,
} from "../netfilter/base/operation.ts";
import {
  commentOf,
  type SavedRule,
  savedRuleKey,
  type SavedTable,
  targetOf,
} from "../netfilter/base/save.ts";
import type { WantedRule } from "../netfilter/shared/pair-rule.ts";
import { OWN_COMMENT, OWN_LEAVES_CHAIN } from "../owned.ts";
import { cidrsNamed, fenceRule, ruleOf } from "./legacy-rule.ts";
import { type FenceWill, leavesToStand } from "./will.ts";

/**
 * A gateway's leaves in legacy iptables: what a remote CIDR's packet is handed to ahead of source NAT, and where it ends that
 * is for a leaf and has no policy. A chain of ours, so that each CIDR takes one rule, whether it is a remote one or a leaf's.
 */
export interface LeavesChain {
  /** Ahead of the rules that lead there. */
  readonly ahead: readonly NetfilterOperation[];
  /** The rules that lead there. */
  readonly jumps: readonly WantedRule[];
  /** Behind what takes those away that lead there. */
  readonly behind: readonly NetfilterOperation[];
}

/** What the chain needs in mangle as it was saved, for remote CIDRs of a family. */
export function planLeavesChain(
  family: Family,
  mangle: SavedTable | undefined,
  {
    will,
    remotes,
  }: { readonly will: FenceWill; readonly remotes: readonly Cidr[] },
): LeavesChain {
  const rules = mangle?.rules.filter(isInside) ?? [];
  const keys = rules.map(({ words }) => savedRuleKey(words));
  const leaves = outermostOf(
    leavesToStand(will, cidrsNamed(keys, family)).filter(
      (leaf) => leaf.family === family,
    ),
  );
  if (leaves.length === 0 || remotes.length === 0)
    return { ahead: [], jumps: [], behind: removal(family, mangle, rules) };
  const wanted = leaves.map((leaf) => fenceRule("out", leaf));
  const isRight = sameItems(
    keys,
    wanted.map(({ key }) => key),
  );
  return {
    ahead: isRight ? [] : [creation(family, mangle, wanted)],
    jumps: remotes.map((remote) =>
      ruleOf({ end: "-s", cidr: remote, target: OWN_LEAVES_CHAIN }),
    ),
    behind: [],
  };
}

function isInside({ chain }: SavedRule): boolean {
  return chain === OWN_LEAVES_CHAIN;
}

/** Such a line empties a chain that is there: it is replaced as a whole. */
function creation(
  family: Family,
  mangle: SavedTable | undefined,
  wanted: readonly WantedRule[],
): LegacyOperation {
  return step(family, isThere(mangle) ? "change" : "add", [
    `:${OWN_LEAVES_CHAIN} - [0:0]`,
    ...wanted.map((rule) => `-A ${OWN_LEAVES_CHAIN} ${rule.text()}`),
  ]);
}

/** A chain that somebody else's rule leads to cannot go: it stays, and does nothing. */
function removal(
  family: Family,
  mangle: SavedTable | undefined,
  rules: readonly SavedRule[],
): LegacyOperation[] {
  if (mangle === undefined || !isThere(mangle)) return [];
  const isHeld = mangle.rules.some(
    (rule) =>
      targetOf(rule) === OWN_LEAVES_CHAIN && commentOf(rule) !== OWN_COMMENT,
  );
  if (isHeld && rules.length === 0) return [];
  return [
    step(family, "delete", [
      `-F ${OWN_LEAVES_CHAIN}`,
      ...(isHeld ? [] : [`-X ${OWN_LEAVES_CHAIN}`]),
    ]),
  ];
}

function isThere(mangle: SavedTable | undefined): boolean {
  return mangle?.chains.some(({ name }) => name === OWN_LEAVES_CHAIN) === true;
}

function step(
  family: Family,
  verb: LegacyOperation["verb"],
  lines: readonly string[],
): LegacyOperation {
  const sentence = `chain ${traitsOf(family).word} mangle ${OWN_LEAVES_CHAIN} (legacy): what remote pods sent, for this gateway's leaves`;
  return { object: "legacy", verb, sentence, family, table: "mangle", lines };
}
