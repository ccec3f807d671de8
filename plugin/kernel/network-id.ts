import { bootId, NETLINK_ROUTE, openTransport } from "../../native/index.ts";
import type { Kernel } from "./kernel.ts";

/** Tells a network namespace from every other one. */
export interface NetworkId {
  /** The kernel's boot. */
  readonly boot: string;
  /** The namespace's number in that boot; empty where the kernel has none to tell (before 5.14). */
  readonly network: string;
}

/** The network namespace that a kernel's node is in. */
export function networkId({ binding, netns }: Kernel): NetworkId {
  const socket = openTransport(binding, NETLINK_ROUTE, netns);
  try {
    const cookie = binding.namespaceCookie(socket.fd);
    return { boot: bootId(), network: cookie < 0 ? "" : String(cookie) };
  } finally {
    socket.close();
  }
}
