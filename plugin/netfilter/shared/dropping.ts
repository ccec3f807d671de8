import type { Expression } from "../../../native/nftables/expression/expression.ts";

/**
 * Chains that decide about packets of their own, or are where an admin or a network policy says no: rules of ours stay
 * behind them.
 */
export function mayFilterAhead(chain: string): boolean {
  return /^(?:ANTREA-|CILIUM_|CNI-|DOCKER|FLANNEL-|KUBE-|LIBVIRT_|cali-)/.test(
    chain,
  );
}

/** Whether a rule may end a packet's way, itself or in a chain that it goes to. What depends on a connection's state may not. */
export function mayDrop(
  expressions: readonly Expression[],
  chainDrops: (chain: string) => boolean,
): boolean {
  if (expressions.some(asksState)) return false;
  return expressions.some((expression) => {
    switch (expression.kind) {
      case "verdict":
        return expression.chain === undefined
          ? expression.verdict === "drop"
          : !mayFilterAhead(expression.chain) && chainDrops(expression.chain);
      case "target":
        return dropsBy(expression.name);
      case "opaque":
        return expression.name === "reject";
      default:
        return false;
    }
  });
}

/** Targets of iptables that end a packet's way. */
export function dropsBy(target: string): boolean {
  return target === "DROP" || target === "REJECT";
}

/** Asks each chain once, and takes a chain that is being asked for one that does not drop: jumps make no circles. */
export function chainJudge(
  dropsIn: (chain: string, judge: (chain: string) => boolean) => boolean,
): (chain: string) => boolean {
  const known = new Map<string, boolean>();
  const judge = (chain: string): boolean => {
    const before = known.get(chain);
    if (before !== undefined) return before;
    known.set(chain, false);
    const drops = dropsIn(chain, judge);
    known.set(chain, drops);
    return drops;
  };
  return judge;
}

function asksState(expression: Expression): boolean {
  return (
    expression.kind === "ct" ||
    (expression.kind === "match" &&
      /^(?:conntrack|state)$/.test(expression.name))
  );
}
