import {
  AF_INET,
  AF_INET6,
  ignoring,
  openEncapsulation,
  type SecurityAssociation,
} from "../../../native/index.ts";
import type { Peer } from "../../mesh/state.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Where a node receives ESP in UDP (RFC 3948): an address family, and a port of all its addresses. */
export interface EncapsulationEnd {
  readonly family: number;
  readonly port: number;
}

/** Something that ESP comes to: an SA. */
export type Receiver = Pick<
  SecurityAssociation,
  "destination" | "encapsulation"
>;

/** What stands for all SAs with these peers: this node receives from one as it sends. */
export function receiversOf(peers: readonly Peer[]): Receiver[] {
  return peers.flatMap(({ local, encapsulation }) =>
    encapsulation === undefined ? [] : [{ destination: local, encapsulation }],
  );
}

/** What these need, without doubles. */
export function encapsulationEnds(
  associations: readonly Receiver[],
): EncapsulationEnd[] {
  const ends = new Map<string, EncapsulationEnd>();
  for (const { encapsulation, destination } of associations) {
    if (encapsulation === undefined) continue;
    // Both ends use the same port, so that it does not matter which of an SA's two is this node's.
    const end = {
      family: destination.length === 4 ? AF_INET : AF_INET6,
      port: encapsulation.destinationPort,
    };
    ends.set(endName(end), end);
  }
  return [...ends.values()];
}

/** "IPv4 UDP port 4500". */
export function endName({ family, port }: EncapsulationEnd): string {
  return `${family === AF_INET ? "IPv4" : "IPv6"} UDP port ${String(port)}`;
}

/**
 * Whether a program holds the port, as the agent does. Without one the kernel takes what arrives for
 * plain UDP, and drops it. Throws NetlinkError.
 */
export function isHeld(
  { binding, netns }: Kernel,
  end: EncapsulationEnd,
): boolean {
  const fd = ignoring(["EADDRINUSE"], () =>
    openEncapsulation(binding, { ...end, netns }),
  );
  if (fd === undefined) return true;
  binding.close(fd);
  return false;
}
