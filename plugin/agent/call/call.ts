import { openSync } from "node:fs";
import { basename } from "node:path";
import { type Process, run } from "../../../cni/main.ts";
import { readToEnd } from "../../../cni/stdio.ts";
import { type PluginContext, pluginHandlers } from "../../handlers/handlers.ts";
import { type IpamFront, serveIpam } from "../../handlers/ipam.ts";
import type { Answer } from "./frame.ts";
import type { RemoteCall } from "./server.ts";

/** What serves calls in this process, as it would in one of their own. */
export type ServingContext = Pick<
  PluginContext,
  "kernel" | "lend" | "host" | "ensureNode" | "log"
> &
  Pick<IpamFront, "knownMesh">;

/** Serves one call as the full binary would: by the same handlers, with the same words. */
export function serveCall(call: RemoteCall, context: ServingContext): Answer {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const process: Process = {
    environment: call.environment,
    readStdin: () => readToEnd(call.stdin),
    readReadyStdin: () => readToEnd(call.stdin),
    writeStdout: (text) => stdout.push(text),
    writeStderr: (text) => stderr.push(text),
  };
  const kernel = { ...context.kernel(), openNetns: () => reopen(call) };
  const exitCode = runProgram(process, call, {
    ...context,
    kernel: () => kernel,
    lend: (use) => context.lend((session) => use({ ...session, kernel })),
    writeStderr: process.writeStderr,
  });
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

/** Who asks closes the file that it gets; the one that came with the call stays open until it is answered. */
function reopen({ netns }: RemoteCall): number | undefined {
  return netns === undefined
    ? undefined
    : openSync(`/proc/self/fd/${String(netns)}`, "r");
}
