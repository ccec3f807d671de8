import { getSystemErrorMessage } from "node:util";
import { missingAlgorithm, NetlinkError } from "../../../native/index.ts";

/** What the kernel said to charon. */
export interface KernelRefusal {
  /** The kernel's own where charon hands them on (since 6.0), else the errno's. */
  readonly words: string;
  readonly errno: number;
}

/** How such a trouble begins. */
export const KERNEL_REFUSES = "this node's kernel refuses the SA";

/** strongSwan, src/libcharon/plugins/kernel_netlink/kernel_netlink_shared.c. */
const REFUSAL =
  /^received netlink error: (?<words>.+) \((?<errno>[1-9]\d{0,3})\)$/u;

/** Reads what charon logs where the kernel refuses anything: that this was an SA comes in a later line. */
export function readRefusal(text: string): KernelRefusal | undefined {
  const { words, errno } = REFUSAL.exec(text)?.groups ?? {};
  return words === undefined ? undefined : { words, errno: Number(errno) };
}

/**
 * Why the kernel takes no SA, and what to do: what it lacks where it says so, and no guess where it doesn't.
 *
 * @param refusal undefined where charon did not say what the kernel had said
 */
export function kernelTrouble(refusal: KernelRefusal | undefined): string {
  if (refusal === undefined)
    return `${KERNEL_REFUSES}: the agent's log has what charon says of it`;
  const error = new NetlinkError(
    { operation: "XFRM_MSG_NEWSA", action: () => "add an SA" },
    refusal.errno,
    isOfErrno(refusal) ? undefined : { message: refusal.words },
  );
  const missing = missingAlgorithm(error);
  return missing === undefined
    ? `${KERNEL_REFUSES} (${error.code}, ${refusal.words}): ${remedyFor(error)}`
    : `${KERNEL_REFUSES}: it has no ${missing.name}. ${missing.remedy}`;
}

function isOfErrno({ words, errno }: KernelRefusal): boolean {
  const own = getSystemErrorMessage(-errno);
  return words.toLowerCase() === own.toLowerCase();
}

function remedyFor({ code }: NetlinkError): string {
  if (code === "EEXIST")
    return "one with its SPI is there, and `ip xfrm state` shows whose";
  return code === "EPERM"
    ? "the agent needs CAP_NET_ADMIN"
    : "`dmesg` and the agent's log may say more";
}
