import { adviceFor } from "./advice.ts";
import { CniError, ErrorCode } from "./error.ts";

/** What system errors carry: Node's have syscall and path, netlink's an operation and extended ack. */
interface SystemFacts {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly path?: unknown;
  readonly operation?: unknown;
  readonly extack?: { readonly message?: unknown } | undefined;
}

/** Which errno becomes which code. What is not listed is {@link ErrorCode.kernel}. */
const CODES: ReadonlyMap<string, number> = new Map(
  (
    [
      [
        ErrorCode.tryAgainLater,
        "EBUSY EAGAIN ENOBUFS EINTR ENOMEM ETIMEDOUT ETXTBSY ESTALE",
      ],
      [
        ErrorCode.io,
        "ENOSPC EROFS EIO EDQUOT EFBIG EMFILE ENFILE EPIPE ENOTDIR EISDIR ELOOP ENAMETOOLONG",
      ],
      [ErrorCode.permission, "EPERM EACCES"],
      [
        ErrorCode.kernelUnsupported,
        "EAFNOSUPPORT EPROTONOSUPPORT EOPNOTSUPP ENOPROTOOPT ENOSYS ENOTSUP",
      ],
    ] as const
  ).flatMap(([code, names]) =>
    names.split(" ").map((name) => [name, code] as const),
  ),
);

/**
 * Turns whatever was thrown into an error that can be printed: an error with an errno name as its
 * `code` by the table above, anything else into {@link ErrorCode.internal}. The one place that does.
 *
 * @param action what was being done, such as "complete ADD"; the message says "Cannot <action>"
 */
export function toCniError(error: unknown, action: string): CniError {
  if (error instanceof CniError) return error;
  const text = error instanceof Error ? error.message : typeof error;
  const facts = systemFacts(error);
  const code = systemCode(facts);
  return new CniError(code, explain(text, action), {
    details:
      code === ErrorCode.internal ? fault(error) : factsAndAdvice(facts, code),
    cause: error,
  });
}

/** Who forgot to be root needs to read no further. */
function factsAndAdvice(facts: SystemFacts, code: number): string {
  const errno = typeof facts.code === "string" ? facts.code : "";
  const advice = adviceFor(errno, code);
  return code === ErrorCode.permission
    ? `${advice}; ${list(facts)}`
    : `${list(facts)}. ${advice}`;
}

/** Native messages already say "Cannot …"; one such sentence is enough. */
function explain(text: string, action: string): string {
  return text.startsWith("Cannot ") ? text : `Cannot ${action}: ${text}`;
}

function systemFacts(error: unknown): SystemFacts {
  return typeof error === "object" && error !== null ? error : {};
}

function systemCode({ code, path }: SystemFacts): number {
  // Node's own errors are called ERR_…; an errno has no underscore
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) {
    return ErrorCode.internal;
  }
  if (code === "ENOENT" && path !== undefined) return ErrorCode.io;
  return CODES.get(code) ?? ErrorCode.kernel;
}

function list({ operation, code, extack, syscall, path }: SystemFacts): string {
  return Object.entries({
    operation,
    errno: code,
    kernel: extack?.message,
    syscall,
    path,
  })
    .filter(([, value]) => typeof value === "string" && value !== "")
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join("; ");
}

function fault(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  return `${name}; this is a fault in the plugin, please report it with its log`;
}
