import type { Node } from "./node.ts";

/** Whatever of a node's network is a pod's: devices, routes and rules, without what counts or has a random name. */
const STATE = `
  ip -o link | sed -E 's/^[0-9]+: //; s/@.*//; s/ .*//; s/:$//' | sed -E 's/^(veth|cali).*/\\1/' | sort
  ip -4 route | sort
  iptables-save | grep -i crosslink | sort
  iptables-legacy-save | grep -i crosslink | sort
  ls /var/lib/cni/networks/*/ 2>/dev/null | grep -v "last_reserved\\|lock" | sort`;

/** As text, for comparisons. */
export function stateOf({ run }: Node): Promise<string> {
  return run(["bash", "-c", STATE]);
}

/** The rest of what crosslink keeps on a node, in the kernel and in files. */
const TRACES = `
  ip -4 rule | sort
  ip -4 -o addr | sed -E 's/^[0-9]+: //; s/(veth|cali)[^ ]*/\\1/' | sed 's/ valid_lft.*//' | sort
  ip -o -d link | grep -o 'alias [^\\\\]*' | sort
  ip xfrm policy; ip xfrm state
  nft list ruleset | grep -v '^#' | sed -n '/^table .* crosslink/,/^}/p' | sed 's/counter packets [0-9]* bytes [0-9]*//'
  find /run/crosslink /var/lib/crosslink -type f ! -name '*verified' 2>/dev/null | sort`;

/** That, and what stateOf() says. */
export async function tracesOn(node: Node): Promise<string> {
  return `${await stateOf(node)}${await node.run(["bash", "-c", TRACES])}`;
}
