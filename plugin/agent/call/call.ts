import { basename } from "node:path";
import { type Process, run } from "../../../cni/main.ts";
import { readToEnd } from "../../../cni/stdio.ts";
import { type PluginContext, pluginHandlers } from "../../handlers/handlers.ts";
import { type IpamFront, serveIpam } from "../../handlers/ipam.ts";
import type { CallAnswer, Left } from "./frame.ts";
import type { RemoteCall } from "./server.ts";

/** What serves calls in this process, as it would in one of their own. */
export type ServingContext = Pick<
  PluginContext,
  "kernel" | "lend" | "host" | "ensureNode" | "log"
> &
  Pick<IpamFront, "knownMesh">;

/** How long an agent waits for a lock: as long as a step of somebody who works takes, in milliseconds. */
export const AGENT_PATIENCE_MS = 100;

/**
 * Serves one call as the full binary would: by the same handlers, with the same words. Left to it is what takes a lock
 * that another program holds, since it may wait; and who of the holders of addresses lives, since it sees the node's
 * namespaces, which an agent in a container doesn't.
 */
export function serveCall(
  call: RemoteCall,
  context: ServingContext,
): CallAnswer | Left {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const process: Process = {
    environment: call.environment,
    readStdin: () => readToEnd(call.stdin),
    readReadyStdin: () => readToEnd(call.stdin),
    writeStdout: (text) => stdout.push(text),
    writeStderr: (text) => stderr.push(text),
  };
  const reasons: string[] = [];
  const kernel = {
    ...context.kernel(),
    podNetns: () => call.netns,
    patience: {
      milliseconds: AGENT_PATIENCE_MS,
      givenUp: () => {
        reasons.push("another program holds a lock");
      },
    },
  };
  const exitCode = runProgram(process, call, {
    ...context,
    kernel: () => kernel,
    lend: (use) => context.lend((session) => use({ ...session, kernel })),
    writeStderr: process.writeStderr,
    leave: () => {
      reasons.push("no address is free, and the full binary sees who is gone");
    },
  });
  const [left] = reasons;
  if (left !== undefined) return { left };
  return { exitCode, stdout: stdout.join(""), stderr: stderr.join("") };
}

function runProgram(
  process: Process,
  { program }: RemoteCall,
  context: PluginContext & IpamFront,
): number {
  return basename(program) === "crosslink-ipam"
    ? serveIpam(process, context)
    : run(process, pluginHandlers(context));
}
