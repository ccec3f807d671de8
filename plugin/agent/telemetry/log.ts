import { destination, pino } from "pino";
import { both, type Log, openLog } from "../../kernel/log.ts";
import type { Afterwards } from "../call/afterwards.ts";

const STDERR = 2;

/** The agent's logs: the same JSON lines that a process of one call writes. */
export interface AgentLogs {
  /** What the agent decides by itself: on stderr, and in `logFile`. */
  readonly own: Log;
  /** What is decided in calls, which write to their own `logFile`: on stderr, once the call is answered. */
  readonly calls: Log;
}

/**
 * Opens the agent's logs.
 *
 * Lines are written in this thread: a single executable has no files from which another could be started. Those of calls
 * wait until the answer is out: whoever collects them may keep this process off its processor.
 */
export function openAgentLogs(
  logFile: string | undefined,
  later: Afterwards,
): AgentLogs {
  const stderr = openStderr();
  const file = openLog(() => undefined, logFile);
  return {
    own: both(stderr, file),
    calls: (...line) => {
      later(() => {
        stderr(...line);
      });
    },
  };
}

function openStderr(): Log {
  const stream = destination({ dest: STDERR, sync: true });
  // A log that nobody can read is no reason to leave the node alone.
  stream.on("error", () => undefined);
  const logger = pino(OPTIONS, stream);
  return (level, message, facts = {}) => {
    logger[level](facts, message);
  };
}

const OPTIONS = {
  // Who else is on the machine is for the collector of logs to say.
  base: null,
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label }) },
  // Nothing that holds a key is ever handed to a log; this is for the day when somebody forgets.
  redact: ["key", "keys", "secret", "keyring"],
};
