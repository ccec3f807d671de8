import { CniError, ErrorCode } from "../../cni/error.ts";

/** Who runs a command: the effective user id. */
export interface Caller {
  readonly command: string;
  readonly user: number;
}

/** Throws CniError 105 unless root calls: the command would end with EPERM somewhere, after half of its work. */
export function requireRoot({ command, user }: Caller): void {
  if (user !== 0) throw onlyRoot({ command, user });
}

/** The error itself, but for somebody who is not root and was refused something: what would help comes first then. */
export function explainRefusal(error: unknown, caller: Caller): unknown {
  return caller.user !== 0 && isRefusal(error)
    ? onlyRoot(caller, pathOf(error))
    : error;
}

function onlyRoot({ command, user }: Caller, path?: string): CniError {
  const fact = path === undefined ? "" : `, and "${path}" is not yours`;
  return new CniError(
    ErrorCode.permission,
    `Cannot run ${command}: you are user ${String(user)}, not root${fact}`,
    {
      details: `run as root: sudo crosslink ${command}`,
    },
  );
}

/** Whether the kernel refused something for want of a privilege, however the error was put in words since. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === "EPERM" || code === "EACCES" || isRefusal(error.cause);
}

function pathOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { dest, path } = error as NodeJS.ErrnoException & { dest?: string };
  return dest ?? path ?? pathOf(error.cause);
}
