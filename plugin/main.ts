import { serveCall } from "./call.ts";
import { runCommandLine } from "./commands/main.ts";
import { type Environment, openFront } from "./front.ts";

/**
 * The front door: with CNI_COMMAND set it serves a CNI call, and otherwise a command line.
 *
 * @param argv0 the name that the program was started by
 * @returns the exit code
 */
export function main(
  argv0: string,
  args: readonly string[],
  environment: Environment,
): number {
  const front = openFront(environment);
  if (environment["CNI_COMMAND"] !== undefined)
    return serveCall(argv0, environment, front);
  const user = process.geteuid?.() ?? 0;
  return runCommandLine(args, { ...front, user, environment });
}
