import { toCniError } from "../../cni/translate.ts";
import { ipamNetworks, runtimeNetwork } from "../install/networks.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { withSession } from "../kernel/session.ts";
import type { EnsureNode } from "../node/refresh.ts";
import { attachPod, requirePod } from "../pod/attach.ts";
import { labelledLinks } from "../pod/detach.ts";
import { missedAdd } from "../runtime/adopt.ts";
import { collectLeftovers } from "../runtime/collect.ts";
import {
  listReadySandboxes,
  listSandboxes,
  type Sandbox,
  sandboxInfo,
} from "../runtime/cri.ts";
import { leftovers } from "../runtime/leftovers.ts";

/** What it works with. */
export interface UpkeepOptions {
  readonly kernel: Kernel;
  readonly configuration: () => NetworkConfiguration;
  readonly conflists: { readonly folder: string };
  /** The socket of the node's container runtime; undefined where there is none. */
  readonly runtime: () => string | undefined;
  readonly log: Log;
}

/** How often the runtime is asked, in milliseconds. */
const INTERVAL = 15_000;

/**
 * Asks the runtime from time to time which sandboxes live: takes away what dead ones have left, and makes pods right that
 * started without crosslink in their chain. Without a runtime it does nothing. Returns what ends it.
 */
export function startUpkeep(
  options: UpkeepOptions,
  ensureNode: EnsureNode,
): () => void {
  const { runtime, log } = options;
  const memory = leftovers();
  const seen = new Set<string>();
  let lastTrouble = "";
  const look = async (socket: string): Promise<void> => {
    const sandboxes = await listSandboxes(socket);
    collect(sandboxes, memory, options);
    for (const id of seen)
      if (!sandboxes.some((sandbox) => sandbox.id === id)) seen.delete(id);
    await adopt({ socket, seen, ensureNode }, options);
  };
  let isBusy = false;
  const run = (): void => {
    const socket = runtime();
    if (isBusy || socket === undefined) return;
    isBusy = true;
    void look(socket)
      .then(() => (lastTrouble = ""))
      .catch((error: unknown) => {
        const { message, details } = toCniError(error, "ask the runtime");
        if (message !== lastTrouble) log("warn", message, { details });
        lastTrouble = message;
      })
      .finally(() => (isBusy = false));
  };
  const timer = setInterval(run, INTERVAL);
  timer.unref();
  run();
  return () => {
    clearInterval(timer);
  };
}

function collect(
  sandboxes: readonly Sandbox[],
  memory: ReturnType<typeof leftovers>,
  { kernel, conflists, log }: UpkeepOptions,
): void {
  withSession(kernel, (session) => {
    collectLeftovers({
      session,
      binding: kernel.binding,
      sandboxes: new Set(sandboxes.map(({ id }) => id)),
      networks: ipamNetworks(conflists.folder),
      ...{ memory, log, now: performance.now() },
    });
  });
}

interface Adoption {
  readonly socket: string;
  /** Sandboxes that need nothing more. */
  readonly seen: Set<string>;
  readonly ensureNode: EnsureNode;
}

async function adopt(
  { socket, seen, ensureNode }: Adoption,
  options: UpkeepOptions,
): Promise<void> {
  const network = runtimeNetwork(options.conflists.folder);
  if (network === undefined) return;
  for (const sandbox of await unlabelled(socket, options, seen)) {
    const info = await sandboxInfo(socket, sandbox);
    const request =
      info === undefined
        ? undefined
        : missedAdd({ id: sandbox.id, info }, network);
    const isRight =
      request === undefined ||
      attachMissed({ ...request, pod: sandbox.pod }, ensureNode, options);
    if (isRight) seen.add(sandbox.id);
  }
}

async function unlabelled(
  socket: string,
  { kernel }: UpkeepOptions,
  seen: ReadonlySet<string>,
): Promise<Sandbox[]> {
  const ready = await listReadySandboxes(socket);
  const labelled = withSession(
    kernel,
    (session) =>
      new Set(labelledLinks(session).map(({ label }) => label.containerID)),
  );
  return ready.filter(({ id }) => !labelled.has(id) && !seen.has(id));
}

/**
 * A bridge port needs nothing of its own, so that there is nothing that it missed. Returns whether the pod is right now:
 * on a node that is in no mesh yet it may have to be looked at again.
 */
function attachMissed(
  request: Parameters<typeof requirePod>[1] & { readonly pod: string },
  ensureNode: EnsureNode,
  { kernel, configuration, log }: UpkeepOptions,
): boolean {
  return withSession(kernel, (session) => {
    const node = ensureNode(session, configuration(), log);
    if (node === undefined) return false;
    const pod = requirePod(session, request, node);
    if (pod.link.master !== undefined) return true;
    log("warn", "a pod started without crosslink in its chain", {
      ...{ pod: request.pod, containerID: request.containerId },
      effect: "it gets now what ADD would have given it",
    });
    attachPod(session, pod, log);
    return true;
  });
}
