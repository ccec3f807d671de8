import type { Expression } from "../../../native/index.ts";

/**
 * Whether a rule may say otherwise than accept, or has something to see before packets go: then an accept of ours stays behind
 * it. What only accepts or marks, such as the rules that Calico puts back to its chain's end, may stand behind ours.
 */
export function mayObject(expressions: readonly Expression[]): boolean {
  return expressions.some((expression) => {
    switch (expression.kind) {
      case "verdict":
        return (
          expression.chain !== undefined || expression.verdict !== "accept"
        );
      case "target":
        return targetMayObject(expression.name);
      case "lookup":
        return expression.destination === 0; // a verdict map
      case "opaque":
        return true;
      default:
        return false;
    }
  });
}

/** The same of a target of iptables; a jump into a chain may lead to anything. */
export function targetMayObject(target: string | undefined): boolean {
  return !["ACCEPT", "MARK", "CONNMARK", undefined].includes(target);
}
