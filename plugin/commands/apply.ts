import { type Log, openLog } from "../kernel/log.ts";
import { converge } from "../node/converge.ts";
import { withSession } from "../kernel/session.ts";
import type { Terminal } from "./command.ts";
import { type Options, readConfiguration } from "./options.ts";

/** `crosslink apply`: brings this node to what its files say; one line a step. */
export function runApply(options: Options, terminal: Terminal): number {
  const config = readConfiguration(options);
  const toFile = openLog(() => undefined, config.logFile);
  const done: string[] = [];
  withSession(terminal.kernel(), (session) => {
    const log: Log = (level, message, facts) => {
      toFile(level, message, facts);
      done.push(message);
    };
    converge(session, { config, host: terminal.host }, { log });
  });
  terminal.writeStdout(
    options.json ? `${JSON.stringify({ done })}\n` : toText(done),
  );
  return 0;
}

function toText(done: readonly string[]): string {
  if (done.length === 0)
    return "Nothing to do: the node is what its files say.\n";
  return done.map((sentence) => `${sentence}\n`).join("");
}
