import { basename } from "node:path";
import { run } from "../cni/main.ts";
import type { Environment, Front } from "./front.ts";
import { pluginHandlers, processContext } from "./handlers/handlers.ts";
import { serveIpam } from "./handlers/ipam.ts";

/**
 * Serves a CNI call: as the IPAM helper where the program was started as `crosslink-ipam`, else as the plugin.
 *
 * @param argv0 the name that the program was started by
 * @returns the exit code
 */
export function serveCall(
  argv0: string,
  environment: Environment,
  front: Front,
): number {
  const call = { environment, ...front };
  return basename(argv0) === "crosslink-ipam"
    ? serveIpam(call, front)
    : run(call, pluginHandlers(processContext(front)));
}
