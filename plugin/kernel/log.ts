import { closeSync, constants, openSync, writeSync } from "node:fs";

/** Facts beside a log line; values that could hold a key never go in. */
export type LogFacts = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Writes one line a decision. */
export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  facts?: LogFacts,
) => void;

/** A log that nobody reads, for pure callers and tests. */
export const silent: Log = () => undefined;

/** One log that writes to two. */
export function both(one: Log, other: Log): Log {
  return (level, message, facts) => {
    one(level, message, facts);
    other(level, message, facts);
  };
}

/**
 * Makes the log of one call: stderr, and `logFile` where one is configured.
 *
 * A log that cannot be written must never fail a pod, so a failing file is reported on stderr once
 * and then left alone.
 */
export function openLog(
  writeStderr: (text: string) => void,
  logFile?: string,
): Log {
  let file = logFile;
  return (level, message, facts = {}) => {
    const line = formatLine(new Date(), level, message, facts);
    writeStderr(line);
    if (file === undefined) return;
    try {
      append(file, line);
    } catch (error) {
      writeStderr(
        formatLine(new Date(), "warn", `Cannot write logFile "${file}"`, {
          error: String(error),
        }),
      );
      file = undefined;
    }
  };
}

/** O_NONBLOCK: a FIFO that nobody reads would else be waited for without end. */
function append(file: string, line: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK;
  const fd = openSync(file, flags, 0o600);
  try {
    writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}

/** One line of JSON: level, time (RFC 3339), the facts, the message. As the agent's logger has it. */
export function formatLine(
  time: Date,
  level: string,
  message: string,
  facts: LogFacts,
): string {
  const line = { level, time: time.toISOString(), ...facts, msg: message };
  return `${JSON.stringify(line)}\n`;
}
