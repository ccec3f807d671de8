import {
  NetlinkError,
  openEncapsulation,
  type SecurityAssociation,
} from "../../native/index.ts";
import {
  type EncapsulationEnd,
  encapsulationEnds,
  endName,
} from "../node/peers/encapsulation.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";

/** The UDP sockets that let the kernel receive ESP in UDP (RFC 3948). */
interface EncapsulationSockets {
  /** Opens what these SAs need, and closes what they do not. */
  readonly keep: (associations: readonly SecurityAssociation[]) => void;
  readonly close: () => void;
}

/** Makes a holder of sockets; it holds none yet. A port that another program has is tried again each time. */
export function encapsulationSockets(
  { binding, netns }: Kernel,
  log: Log,
): EncapsulationSockets {
  const held = new Map<string, number>();
  let refused = new Set<string>();
  const open = (name: string, end: EncapsulationEnd): void => {
    try {
      held.set(name, openEncapsulation(binding, { ...end, netns }));
      log("info", `holds ${name} for ESP in UDP`);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      if (!refused.has(name)) log("warn", error.message, { hint: HINT });
      refused.add(name);
    }
  };
  const keep: EncapsulationSockets["keep"] = (associations) => {
    const ends = new Map(
      encapsulationEnds(associations).map((end) => [endName(end), end]),
    );
    for (const [name, fd] of held) {
      if (ends.has(name)) continue;
      binding.close(fd);
      held.delete(name);
    }
    for (const [name, end] of ends) if (!held.has(name)) open(name, end);
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
