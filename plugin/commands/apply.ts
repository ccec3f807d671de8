import { type Log, openLog } from "../kernel/log.ts";
import { converge } from "../node/converge.ts";
import { withSession } from "../kernel/session.ts";
import type { Terminal } from "./command.ts";
import { fenced } from "./fenced.ts";
import { type Options, configurationFor } from "./options.ts";

/** `crosslink apply`: brings this node to what its files say; one line a step. */
export function runApply(options: Options, terminal: Terminal): number {
  const config = fenced(() => configurationFor(options), {
    options,
    terminal,
    log: openLog(terminal.writeStderr),
  });
  const toFile = openLog(() => undefined, config.logFile);
  const done: string[] = [];
  const { ignored: warnings } = withSession(terminal.kernel(), (session) => {
    const log: Log = (level, message, facts) => {
      toFile(level, message, facts);
      done.push(message);
    };
    return converge(session, { config, host: terminal.host }, { log });
  });
  terminal.writeStdout(
    options.json
      ? `${JSON.stringify({ done, warnings })}\n`
      : toText(done, warnings),
  );
  return 0;
}

function toText(done: readonly string[], warnings: readonly string[]): string {
  const steps =
    done.length === 0
      ? ["Nothing to do: the node is what its files say."]
      : done;
  return [...steps, ...warnings.map((text) => `Warning: ${text}`), ""].join(
    "\n",
  );
}
