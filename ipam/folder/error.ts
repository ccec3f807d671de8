import { CniError, ErrorCode } from "../../cni/error.ts";
import { toCniError } from "../../cni/translate.ts";
import { headerName } from "../../native/index.ts";

/** Runs `work` on a path; a system error says what was being done, where, and what to do next. */
export function onDisk<Value>(action: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof CniError) throw error;
    const { code, message, details } = toCniError(named(error), action);
    const isReadOnly = errnoOf(error) === "EROFS";
    throw new CniError(code, message, {
      details: isReadOnly ? `${details}, or set /ipam/dataDir` : details,
      cause: error,
    });
  }
}

/** The store holds something that doesn't belong there. */
export function misplaced(path: string, fact: string): CniError {
  return new CniError(ErrorCode.io, `Cannot use "${path}": ${fact}`, {
    details: "nothing was changed; look at it, then move it away",
  });
}

/** A system error's errno name, such as "ENOENT". */
export function errnoOf(error: unknown): string | undefined {
  if (!isSystemError(error)) return undefined;
  // libuv's numbers are negative.
  return error.code === UNKNOWN ? headerName(-(error.errno ?? 0)) : error.code;
}

/** What libuv calls an errno that it has no name for, EDQUOT among them. */
const UNKNOWN = "UNKNOWN";

interface SystemError extends Error {
  readonly code: string;
  readonly errno?: number;
}

function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string"
  );
}

/** The error, by the kernel's name where libuv has none. */
function named(error: unknown): unknown {
  const code = errnoOf(error);
  if (!isSystemError(error) || error.code !== UNKNOWN || code === undefined) {
    return error;
  }
  const message = error.message.replace(/^UNKNOWN: [^,]*/, code);
  return Object.assign(new Error(message, { cause: error }), {
    ...error,
    code,
  });
}
