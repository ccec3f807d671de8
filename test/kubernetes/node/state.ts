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
