import { constants } from "node:os";
import { getSystemErrorMessage } from "node:util";

/** What the kernel says beyond the errno: `NLMSGERR_ATTR_MSG` and `NLMSGERR_ATTR_OFFS`. */
export interface ExtendedAck {
  readonly message?: string;
  /** Byte in the request, counted from its nlmsghdr, that the kernel objects to. */
  readonly offset?: number;
}

/** What was asked of the kernel, for the error's text. */
export interface Attempt {
  /** The kernel's name of the message type: `XFRM_MSG_NEWSA`. */
  readonly operation: string;
  /** What that was for, in words: "add SA 0x00001001 to 10.0.0.2". Called only when an error is made. */
  readonly action?: (() => string) | undefined;
}

/** The kernel refused, or did not answer. `code` is what callers match: `EEXIST`, `ESRCH`, `ETIMEDOUT`. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  readonly operation: string;
  /** Positive. */
  readonly errno: number;
  /** Name of the errno. */
  readonly code: string;
  declare readonly extack?: ExtendedAck;

  constructor(attempt: Attempt, errno: number, extack?: ExtendedAck) {
    super(describe(attempt, errno, extack));
    this.operation = attempt.operation;
    this.errno = errno;
    this.code = errnoName(errno);
    if (extack !== undefined) this.extack = extack;
  }
}

/** What `action` returns; undefined where it throws a NetlinkError of one of these codes. */
export function ignoring<Value>(
  codes: readonly string[],
  action: () => Value,
): Value | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof NetlinkError && codes.includes(error.code))
      return undefined;
    throw error;
  }
}

/** `EEXIST` for 17. Numbers that no header names come out as `errno 531`. */
export function errnoName(errno: number): string {
  if (errno === ENOTSUPP) return "ENOTSUPP";
  if (errno === constants.errno.EOPNOTSUPP) return "EOPNOTSUPP"; // ENOTSUP is the same number
  return headerName(errno) ?? `errno ${errno}`;
}

/** The name that errno.h has for a number, as far as Node knows it; undefined where it knows none. */
export function headerName(errno: number): string | undefined {
  const names = Object.entries(constants.errno);
  return names.find(([, value]) => value === errno)?.[0];
}

// include/linux/errno.h: not for user space, but some netlink families let it through.
const ENOTSUPP = 524;

// strerror(3)'s words, which admins know and search for. libuv's serve for the rest.
const WORDS: Readonly<Record<string, string>> = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  ESRCH: "No such process",
  EINTR: "Interrupted system call",
  EAGAIN: "Resource temporarily unavailable",
  EACCES: "Permission denied",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  ENODEV: "No such device",
  EINVAL: "Invalid argument",
  ENOSPC: "No space left on device",
  ERANGE: "Numerical result out of range",
  ENOSYS: "Function not implemented",
  EMSGSIZE: "Message too long",
  EPROTONOSUPPORT: "Protocol not supported",
  EOPNOTSUPP: "Operation not supported",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ENETDOWN: "Network is down",
  ENETUNREACH: "Network is unreachable",
  ENOBUFS: "No buffer space available",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENOTSUPP: "Operation not supported by this kernel",
};

function describe(
  attempt: Attempt,
  errno: number,
  extack?: ExtendedAck,
): string {
  const code = errnoName(errno);
  const action =
    attempt.action === undefined
      ? attempt.operation
      : `${attempt.action()}: ${attempt.operation}`;
  const offset =
    extack?.offset === undefined
      ? ""
      : `at byte ${extack.offset} of the request`;
  const facts = [extack?.message, offset].filter(Boolean).join(", ");
  return `Cannot ${action}: ${code} (${WORDS[code] ?? getSystemErrorMessage(-errno)})${facts && `: ${facts}`}`;
}
