import { requireClusterName } from "../../kubernetes/names.ts";
import { publish } from "../../kubernetes/publish/publish.ts";
import { openLog } from "../../kernel/log.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { accessFor } from "./access.ts";

/** `crosslink publish`: stays until SIGTERM or SIGINT. */
export function runPublish(options: Options, terminal: Terminal): number {
  const { name } = options;
  if (name !== undefined) requireClusterName(name);
  const log = openLog(terminal.writeStderr);
  const access = accessFor(options, terminal);
  const { hostName } = terminal.host;
  const stop = publish({
    access,
    log,
    identity: `${hostName}_${String(process.pid)}_${String(Date.now())}`,
    ...(name === undefined ? {} : { name }),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      log("info", "the publisher ends", { signal });
      stop();
    });
  log("info", "the publisher is ready", { server: access.server });
  return 0;
}
