import type { Log } from "../kernel/log.ts";
import { withSession } from "../kernel/session.ts";
import { fenceBeforeTelling, type Lend } from "../node/raise-only.ts";
import type { Terminal } from "./command.ts";
import { type Options, salvageConfiguration } from "./options.ts";

/** Whose node a command works on. */
interface Called {
  readonly options: Options;
  readonly terminal: Terminal;
}

/** Does the work of a command; where it fails, the fence stands before that is told, by as much of the files as can be made out. */
export function fenced<Result>(
  work: () => Result,
  { log, ...called }: Called & { readonly log: Log },
): Result {
  return fenceBeforeTelling(work, lendBy(called), log);
}

/** The node, and its files as far as the options can be made out. */
export function lendBy({ options, terminal }: Called): Lend {
  const { host } = terminal;
  return (use) => {
    const place = { config: salvageConfiguration(options), host };
    withSession(terminal.kernel(), (session) => {
      use(session, place);
    });
  };
}
