import type { Expression } from "../../../native/index.ts";
import { mayStayAhead } from "../base/foreign.ts";

/** Targets of iptables that give a packet another source, or end its way through the table. */
export function rewritesSource(target: string): boolean {
  return /^(?:MASQUERADE|SNAT|NETMAP)$/.test(target);
}

/** Targets that are not a jump into a chain. */
export function isBuiltIn(target: string): boolean {
  return BUILT_IN.has(target);
}

const BUILT_IN = new Set([
  "ACCEPT",
  "CLASSIFY",
  "CONNMARK",
  "DROP",
  "LOG",
  "MARK",
  "NFLOG",
  "QUEUE",
  "RETURN",
  "TRACE",
]);

/** Whether a rule of another program may give a packet another source, itself or in a chain it goes to. */
export function mayRewrite(expressions: readonly Expression[]): boolean {
  return expressions.some((expression) => {
    switch (expression.kind) {
      case "masq":
        return true;
      case "nat":
        return expression.type === "snat";
      case "target":
        return rewritesSource(expression.name);
      case "verdict":
        return (
          expression.chain !== undefined && !mayStayAhead(expression.chain)
        );
      case "lookup":
        // A verdict map: where it leads cannot be told from here.
        return expression.destination === 0;
      default:
        return false;
    }
  });
}
