import { OWN_ALIAS } from "../owned.ts";
import type { Attachment } from "../../cni/request.ts";

/** An attachment and the network that it belongs to; GC lists are per network (SPEC.md 1.1.0 §2 "GC"). */
export interface LabelledAttachment extends Attachment {
  readonly network: string;
}

/** IFALIASZ less the closing zero: include/uapi/linux/if.h. */
const LONGEST_ALIAS = 255;

/**
 * The alias that marks a pod's host interface with its attachment, so that DEL without prevResult
 * and GC find it in the kernel itself; `ip link` shows it. Undefined where it would not fit.
 */
export function formatLabel(
  attachment: LabelledAttachment,
): string | undefined {
  const { network, containerID, ifname } = attachment;
  const label = `${OWN_ALIAS} ${network} ${containerID} ${ifname}`;
  return Buffer.byteLength(label) <= LONGEST_ALIAS ? label : undefined;
}

/** Reads a label back; undefined for an alias that is not ours. */
export function parseLabel(
  alias: string | undefined,
): LabelledAttachment | undefined {
  const [owner, network, containerID, ifname, ...rest] =
    alias?.split(" ") ?? [];
  if (owner !== OWN_ALIAS || rest.length > 0) return undefined;
  if (
    network === undefined ||
    containerID === undefined ||
    ifname === undefined
  )
    return undefined;
  return { network, containerID, ifname };
}

/** Whether an alias is one of ours. */
export function isLabel(alias: string): boolean {
  return parseLabel(alias) !== undefined;
}
