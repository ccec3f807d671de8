import { administer } from "../../ipam/admin/administer.ts";
import type { Terminal } from "./command.ts";
import type { Options } from "./options.ts";

/** `crosslink ipam list | show | free`: who holds which address, since when, and which are stale. */
export function runIpam(options: Options, terminal: Terminal): number {
  const { json, flags, positionals, dataDir } = options;
  const text = administer(
    positionals,
    { json, stale: flags.has("stale") },
    {
      binding: () => terminal.kernel().binding,
      ...(dataDir === undefined ? {} : { dataDir }),
    },
  );
  terminal.writeStdout(`${text}\n`);
  return 0;
}
