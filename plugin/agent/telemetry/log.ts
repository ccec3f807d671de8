import { destination, pino } from "pino";
import { both, type Log, openLog } from "../../log.ts";

const STDERR = 2;

/** The agent's logs: the same JSON lines that a process of one call writes. */
export interface AgentLogs {
  /** What the agent decides by itself: on stderr, and in `logFile`. */
  readonly own: Log;
  /** That a call was served: the same, once it is answered. */
  readonly served: Log;
  /** What is decided in calls, which write to their own `logFile`: on stderr, once the call is answered. */
  readonly calls: Log;
}

/**
 * Opens the agent's logs.
 *
 * Lines are written in this thread: a single executable has no files from which another could be started. Those of calls
 * wait until the answer is out: whoever collects them may keep this process off its processor.
 */
export function openAgentLogs(logFile: string | undefined): AgentLogs {
  const stderr = openStderr();
  const file = openLog(() => undefined, logFile);
  const own = both(stderr, file);
  return { own, served: soon(own), calls: soon(stderr) };
}

/**
 * Writes a moment later, in the same order. Not at once, since whoever was answered would wait for the processor that
 * writes: the kernel wakes it on the one that it was woken from.
 */
function soon(log: Log): Log {
  return (level, message, facts) => {
    setTimeout(log, 1, level, message, facts);
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
