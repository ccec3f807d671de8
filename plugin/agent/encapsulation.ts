import { AF_INET, AF_INET6 } from "../../native/address.ts";
import { openEncapsulation } from "../../native/local.ts";
import { NetlinkError } from "../../native/error.ts";
import type { SecurityAssociation } from "../../native/xfrm/sa.ts";
import type { Kernel } from "../kernel.ts";
import type { Log } from "../log.ts";

/** The UDP sockets that let the kernel receive ESP in UDP (RFC 3948). */
export interface EncapsulationSockets {
  /** Opens what these SAs need, and closes what they do not. */
  readonly keep: (associations: readonly SecurityAssociation[]) => void;
  readonly close: () => void;
}

/** One socket: an address family, and a port of all addresses. */
export interface EncapsulationEnd {
  readonly family: number;
  readonly port: number;
}

/** Makes a holder of sockets; it holds none yet. */
export function encapsulationSockets(
  { binding, netns }: Kernel,
  log: Log,
): EncapsulationSockets {
  const held = new Map<string, number>();
  let refused = new Set<string>();
  const open = ({ family, port }: EncapsulationEnd): number | undefined => {
    const name = `${family === AF_INET ? "IPv4" : "IPv6"} UDP port ${port}`;
    try {
      const fd = openEncapsulation(binding, { family, port, netns });
      log("info", `holds ${name} for ESP in UDP`);
      return fd;
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (!refused.has(name)) log("warn", error.message, { hint: HINT });
      refused.add(name);
      return undefined;
    }
  };
  const keep: EncapsulationSockets["keep"] = (associations) => {
    const ends = encapsulationEnds(associations);
    for (const [key, fd] of held) {
      if (ends.has(key)) continue;
      binding.close(fd);
      held.delete(key);
    }
    for (const [key, end] of ends) {
      const fd = held.get(key) ?? open(end);
      if (fd !== undefined) held.set(key, fd);
    }
    if (held.size === ends.size) refused = new Set();
  };
  return {
    keep,
    close: () => {
      keep([]);
    },
  };
}

const HINT =
  "where an IKE daemon holds the port, its socket serves; any other program there keeps ESP in UDP from this node";

/** The sockets that SAs need, by a name of each. */
export function encapsulationEnds(
  associations: readonly SecurityAssociation[],
): Map<string, EncapsulationEnd> {
  const ends = associations.flatMap(({ encapsulation, destination }) => {
    if (encapsulation === undefined) return [];
    const family = destination.length === 4 ? AF_INET : AF_INET6;
    // Both ends use the same port, so that it does not matter which of an SA's two is this node's.
    return [{ family, port: encapsulation.destinationPort }];
  });
  return new Map(
    ends.map((end) => [`${String(end.family)}:${String(end.port)}`, end]),
  );
}
