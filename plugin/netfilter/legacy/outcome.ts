import { CniError, ErrorCode } from "../../../cni/error.ts";

/** Long enough for other users of the lock, short enough for a runtime that waits. */
export const LOCK_SECONDS = 5;

/** xtables' exit codes, include/xtables.h. */
const OTHER_PROBLEM = 1;
const PARAMETER_PROBLEM = 2;
const RESOURCE_PROBLEM = 4;

/** How a program ended. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `again`: a rule that was to be deleted is gone, the chain has changed underneath. */
export type Restored = "done" | "again";

/**
 * What iptables-legacy-restore's end means for the caller.
 *
 * @throws CniError 11 where another program held the lock, 5 for the rest
 */
export function judge(name: string, ran: Ran, input: string): Restored {
  if (ran.status === 0) return "done";
  if (ran.status === RESOURCE_PROBLEM)
    throw new CniError(
      ErrorCode.tryAgainLater,
      `Cannot change legacy iptables: another program held its lock for ${LOCK_SECONDS} s`,
      {
        details: `${firstLine(ran.stderr)}. It will be tried again; \`fuser -v /run/xtables.lock\` shows who holds it: end it where it hangs`,
      },
    );
  // iptables' words for a -D without a match; kernels may also answer ENOENT or EAGAIN at COMMIT.
  const gone =
    /does a matching rule exist|Bad rule|No chain\/target\/match/.test(
      ran.stderr,
    ) || ran.stderr.includes("Resource temporarily unavailable");
  const known =
    ran.status === OTHER_PROBLEM || ran.status === PARAMETER_PROBLEM;
  if (known && gone && input.includes("\n-D ")) return "again";
  orThrow(name, ran);
  return "done";
}

/** The program's output, or the error that it ended with. */
export function orThrow(name: string, ran: Ran): Ran {
  if (ran.status === 0) return ran;
  throw new CniError(
    ErrorCode.io,
    `Cannot use legacy iptables: ${name} failed with exit code ${String(ran.status)}`,
    {
      details: `${firstLine(ran.stderr)}. Run ${name} by hand to see all of it; where the kernel has no such table: modprobe ip_tables iptable_nat iptable_filter iptable_mangle`,
    },
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}
