import { openSync } from "node:fs";
import { basename } from "node:path";
import { type Process, run } from "../../cni/main.ts";
import { readToEnd } from "../../cni/stdio.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import { pluginHandlers } from "../handlers.ts";
import { serveIpam } from "../ipam.ts";
import type { Kernel } from "../kernel.ts";
import type { Log } from "../log.ts";
import { refreshNode } from "../node/converge.ts";
import type { Host } from "../node/linked.ts";
import { withSession } from "../session.ts";
import { listen } from "./changes.ts";
import type { Answer } from "./frame.ts";
import { keeper, type Keeper } from "./keeper.ts";
import { schedule } from "./schedule.ts";
import { type RemoteCall, serveCalls } from "./server.ts";

/** What an agent works with. */
export interface AgentOptions {
  readonly kernel: Kernel;
  readonly host: Host;
  readonly config: NetworkConfiguration;
  /** Where it serves CNI calls. */
  readonly socket: string;
  readonly log: Log;
}

/**
 * Keeps the node right from now on, and serves CNI calls at a socket: by the same handlers as a
 * process of one call, with the node's state known beforehand.
 *
 * @returns what ends it
 * @throws what listening throws; a node that cannot be set up yet is tried again instead
 */
export function startAgent(options: AgentOptions): () => void {
  const { kernel, config, log, host } = options;
  const memory = keeper(refreshNode(host), () => changes.drain());
  const reconciling = schedule(() => {
    reconcile(memory, options);
  });
  const changes = listen(kernel, config, {
    onChange: (kind) => {
      if (kind !== "nftables" && kind !== "route") memory.invalidate();
      reconciling.request();
    },
    log,
  });
  reconcile(memory, options);
  const stopServing = serveCalls(kernel.binding, options.socket, {
    serve: (call) => serve(call, memory, options),
    log,
  });
  return () => {
    stopServing();
    reconciling.stop();
    changes.close();
  };
}

/** Looks at everything again; what is wrong with the files is logged, and looked at again later. */
function reconcile(
  memory: Keeper,
  { kernel, config, log }: AgentOptions,
): void {
  try {
    memory.invalidate();
    withSession(kernel, (session) => memory.ensure(session, config, log));
  } catch (error) {
    const details =
      error instanceof Error && "details" in error
        ? String(error.details)
        : undefined;
    log("error", error instanceof Error ? error.message : String(error), {
      details,
    });
  }
}

/** One call, as the process that the runtime started would serve it. */
function serve(
  call: RemoteCall,
  memory: Keeper,
  { kernel, host }: AgentOptions,
): Answer {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const process: Process = {
    environment: call.environment,
    readStdin: () => readToEnd(call.stdin),
    readReadyStdin: () => readToEnd(call.stdin),
    writeStdout: (text) => stdout.push(text),
    writeStderr: (text) => stderr.push(text),
  };
  const exitCode = answer(process, call, {
    kernel: () => ({ ...kernel, openNetns: () => reopen(call.netns) }),
    host,
    writeStderr: process.writeStderr,
    ensureNode: memory.ensure,
  });
  return { exitCode, stdout: stdout.join(""), stderr: stderr.join("") };
}

function answer(
  process: Process,
  { program }: RemoteCall,
  context: Parameters<typeof pluginHandlers>[0],
): number {
  if (basename(program) === "crosslink-ipam")
    return serveIpam(process, context);
  return run(process, pluginHandlers(context));
}

/** Who asks closes the file that it gets; the one that came with the call stays open until it is answered. */
function reopen(file: number | undefined): number | undefined {
  return file === undefined
    ? undefined
    : openSync(`/proc/self/fd/${String(file)}`, "r");
}
