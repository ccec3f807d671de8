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
  return basename(argv0) === "crosslink-ipam"
    ? serveIpamCall(environment, front)
    : servePluginCall(environment, front);
}

/** Serves a call as the IPAM helper. Returns the exit code. */
export function serveIpamCall(environment: Environment, front: Front): number {
  return serveIpam({ environment, ...front }, front);
}

/** Serves a call as the plugin. Returns the exit code. */
export function servePluginCall(
  environment: Environment,
  front: Front,
): number {
  return run({ environment, ...front }, pluginHandlers(processContext(front)));
}
