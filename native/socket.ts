import { constants } from "node:os";
import type { Binding } from "./binding.ts";
import {
  type Conversation,
  converse,
  type Marked,
  type Patience,
  type Transport,
} from "./conversation.ts";
import { NetlinkError } from "./error.ts";

/** include/uapi/linux/netlink.h */
export const NETLINK_ROUTE = 0;
export const NETLINK_XFRM = 6;
export const NETLINK_NETFILTER = 12;

/** In which network namespace. */
export interface NamespaceOption {
  /** File descriptor of the namespace (/var/run/netns/…, /proc/…/ns/net). Left out: the calling thread's own. */
  readonly netns?: number | undefined;
}

/** Opens a netlink socket and holds conversations over it. The socket stays in its namespace. Throws NetlinkError. */
export function openConversation(
  binding: Binding,
  protocol: number,
  options: NamespaceOption & Patience & Marked = {},
): Conversation {
  return converse(openTransport(binding, protocol, options.netns), options);
}

/** The socket itself, for listeners that join multicast groups. Throws NetlinkError. */
export function openTransport(
  binding: Binding,
  protocol: number,
  netns = -1,
): Transport & { readonly fd: number } {
  const fd = binding.open(protocol, netns);
  if (fd < 0) throw new NetlinkError(openAttempt(protocol, netns), -fd);
  const portId = binding.portId(fd);
  if (portId < 0) {
    binding.close(fd);
    throw new NetlinkError(openAttempt(protocol, netns), -portId);
  }
  let open = true;
  const ifOpen = (call: () => number): number =>
    open ? call() : -constants.errno.EBADF;
  return {
    fd,
    portId,
    send: (datagram) => ifOpen(() => binding.send(fd, datagram)),
    receive: (buffer, timeoutMs) =>
      ifOpen(() => binding.receive(fd, buffer, timeoutMs)),
    // Once only: by a second call the number may be somebody else's file.
    close: () => {
      ifOpen(() => binding.close(fd));
      open = false;
    },
  };
}

function openAttempt(
  protocol: number,
  netns: number,
): { operation: string; action: () => string } {
  const where = netns < 0 ? "" : ` in the network namespace of fd ${netns}`;
  return {
    operation: "socket",
    action: () => `open a netlink socket of protocol ${protocol}${where}`,
  };
}
