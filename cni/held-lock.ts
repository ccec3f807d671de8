import { CniError, ErrorCode } from "./error.ts";
import { processName } from "./process-name.ts";

/**
 * The error for a file lock that another program has held for too long.
 *
 * @param pid who holds it, where that is known
 */
export function heldTooLong(path: string, pid: number | undefined): CniError {
  const holder = pid === undefined ? undefined : processName(pid);
  return new CniError(
    ErrorCode.tryAgainLater,
    `Cannot lock "${path}": ${holder ?? "another program"} holds it`,
    {
      details: `${holder === undefined ? `\`fuser -v ${path}\` shows which: ` : ""}end it where it hangs; the runtime will try again`,
    },
  );
}
