import { NetlinkError, openEncapsulation } from "../../native/index.ts";
import {
  type EncapsulationEnd,
  encapsulationEnds,
  endName,
  type Receiver,
} from "../node/peers/encapsulation.ts";
import { diff, type Kind } from "../../diff/diff.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";

/** The UDP sockets that let the kernel receive ESP in UDP (RFC 3948). */
interface EncapsulationSockets {
  /** Opens what these SAs need, and closes what they do not. */
  readonly keep: (associations: readonly Receiver[]) => void;
  readonly close: () => void;
}

/** A socket of ours. */
interface Held extends EncapsulationEnd {
  readonly fd: number;
}

const SOCKETS: Kind<EncapsulationEnd, Held> = {
  identity: endName,
  owns: () => true,
  equals: () => true,
};

/** Makes a holder of sockets; it holds none yet. A port that another program has is tried again each time. */
export function encapsulationSockets(
  { binding, netns }: Kernel,
  log: Log,
): EncapsulationSockets {
  const held = new Map<string, Held>();
  let refused = new Set<string>();
  const open = (end: EncapsulationEnd): void => {
    const name = endName(end);
    try {
      held.set(name, {
        ...end,
        fd: openEncapsulation(binding, { ...end, netns }),
      });
      log("info", `holds ${name} for ESP in UDP`);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (!refused.has(name)) log("warn", error.message, { hint: HINT });
      refused.add(name);
    }
  };
  const keep: EncapsulationSockets["keep"] = (associations) => {
    const ends = encapsulationEnds(associations);
    const { missing, stale } = diff(ends, [...held.values()], SOCKETS);
    for (const socket of stale) {
      binding.close(socket.fd);
      held.delete(endName(socket));
    }
    for (const end of missing) open(end);
    if (held.size === ends.length) refused = new Set();
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
