import { CniError, ErrorCode } from "../../../cni/error.ts";
import { ApiError } from "../../kubernetes/api/error.ts";
import type { Terminal } from "../command.ts";
import { tellError } from "../tell-error.ts";

/**
 * Lets work that waits for an API server end by itself, and sets the process' exit code then.
 *
 * @returns 0, the code until then
 */
export function later(
  command: string,
  terminal: Terminal,
  work: Promise<void>,
): number {
  work.catch((error: unknown) => {
    const caller = { command, user: terminal.user ?? 0 };
    tellError(explain(error), caller, terminal);
    process.exitCode = 1;
  });
  return 0;
}

function explain(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const details =
    error.status === 403
      ? "use a kubeconfig of an admin: this command writes objects, Secrets and RBAC"
      : error.status === 404
        ? "run `crosslink install --kubernetes --output yaml | kubectl apply -f -` in that cluster first"
        : "look at the API server and at the way to it, and run this again: what is done already does no harm";
  return new CniError(ErrorCode.io, error.message, { details, cause: error });
}
