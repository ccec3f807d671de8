import type { Log } from "../kernel/log.ts";
import { withSession } from "../kernel/session.ts";
import { fenceBeforeTelling } from "../node/raise-only.ts";
import type { Terminal } from "./command.ts";
import { type Options, salvageConfiguration } from "./options.ts";

/** Does the work of a command; where it fails, the fence stands before that is told, by as much of the files as can be made out. */
export function fenced<Result>(
  work: () => Result,
  {
    options,
    terminal,
    log,
  }: {
    readonly options: Options;
    readonly terminal: Terminal;
    readonly log: Log;
  },
): Result {
  const { host } = terminal;
  return fenceBeforeTelling(
    work,
    (use) => {
      const place = { config: salvageConfiguration(options), host };
      withSession(terminal.kernel(), (session) => {
        use(session, place);
      });
    },
    log,
  );
}
