import { bootId, NETLINK_ROUTE, openTransport } from "../../native/index.ts";
import type { Kernel, NetworkId } from "./kernel.ts";

export type { NetworkId } from "./kernel.ts";

/** The network namespace that a kernel's node is in. */
export function networkId(kernel: Kernel): NetworkId {
  return kernel.known?.networkId() ?? askNetworkId(kernel);
}

/** The same, of the kernel itself. */
export function askNetworkId({ binding, netns }: Kernel): NetworkId {
  const socket = openTransport(binding, NETLINK_ROUTE, netns);
  try {
    const cookie = binding.namespaceCookie(socket.fd);
    return { boot: bootId(), network: cookie < 0 ? "" : String(cookie) };
  } finally {
    socket.close();
  }
}
