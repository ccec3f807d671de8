import { charonByHand } from "../e2e/ike/charon-by-hand.ts";
import { writeRouterFiles } from "../e2e/ike/router-files.ts";
import { mustRunIn } from "../e2e/support/command.ts";
import type { Node } from "../e2e/support/topology.ts";

/** A charon on a node, with what `crosslink routes` prints for the router or routers of the node's cluster, and policies of its own. */
export async function startByHand(node: Node): Promise<AsyncDisposable> {
  const { file } = await writeRouterFiles(node);
  await mustRunIn(
    node.namespace,
    ...["iptables-legacy", "-t", "nat", "-I", "POSTROUTING"],
    ...["-m", "policy", "--dir", "out", "--pol", "ipsec", "-j", "ACCEPT"],
  );
  return charonByHand(node, file);
}
