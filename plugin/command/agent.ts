import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { startAgent } from "../agent/agent.ts";
import { openLog } from "../log.ts";
import type { Terminal } from "./command.ts";
import { type Options, readConfiguration } from "./options.ts";

/** Where the launcher looks for the agent. */
export const AGENT_SOCKET = "/run/crosslink/agent.sock";

/** `crosslink agent`: stays until SIGTERM or SIGINT. */
export function runAgent(options: Options, terminal: Terminal): number {
  const config = readConfiguration(options);
  const socket = options.socket ?? AGENT_SOCKET;
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const log = openLog(terminal.writeStderr, config.logFile);
  const stop = startAgent({
    kernel: terminal.kernel(),
    host: terminal.host,
    config,
    socket,
    log,
  });
  log("info", "the agent is ready", {
    socket,
    clustersDir: config.clustersDir,
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, stop);
  return 0;
}
