/** Nodes with agents, for scenes: the launcher is what a runtime would start, and the built binary serves. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { binary, dist } from "../../support/binary.ts";
import { addChain } from "../../support/chain.ts";
import { networkConfig, ownFiles } from "../../support/node-files.ts";
import { until } from "../../support/until.ts";
import type { Side } from "../leak/stage.ts";
import { crosslinkPlugin } from "../support/pod.ts";
import type { Machine, Node, Topology } from "../support/topology.ts";

const launcher = join(dist, "../native/build/launcher");

/** For whoever waits in a guest: looking takes much of its one processor, which others need too. */
export const SLOWLY = { limitSeconds: 180, pauseMs: 300 } as const;

/** An agent that runs. */
export interface Agent {
  /** All that it has logged so far. */
  readonly log: () => string;
  /** Ends it, and waits until it is gone. */
  readonly stop: () => Promise<void>;
  /** The same at once, and without a word. */
  readonly kill: () => Promise<void>;
}

/** Starts a node's agent, of the build in `programs`, with the iptables of a `PATH`, and waits until it serves. */
export async function startAgent(
  node: Machine,
  { programs = dist, path = process.env["PATH"] ?? "" } = {},
): Promise<Agent> {
  mkdirSync(join(node.folder, "run"), { recursive: true, mode: 0o700 });
  const child = spawn(
    "nsenter",
    [
      `--net=/run/netns/${node.namespace.name}`,
      ...["env", `PATH=${path}`],
      ...[join(programs, "crosslink"), "agent", "--socket", socket(node)],
      ...ownFiles("agent", node, node.name),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    log += part;
  });
  await until(() => log.includes("the agent is ready"), {
    ...SLOWLY,
    describe: () => log,
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    log: () => log,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** crosslink's ADD for a pod that is connected, by the launcher alone: without the agent it would fail. */
export async function addByAgent(
  { node, pod }: Side,
  { path }: Topology,
): Promise<void> {
  const programs = join(node.folder, "programs");
  mkdirSync(programs, { recursive: true });
  copyFileSync(launcher, join(programs, "crosslink"));
  await addChain({
    ...pod.call,
    conflist: { ...pod.call.conflist, plugins: [crosslinkPlugin(node)] },
    cniPath: [programs],
    environment: { PATH: path, CROSSLINK_AGENT: socket(node) },
    precedingResult: pod.result(),
  });
}

/** What STATUS answers, asked of the full binary: undefined where the node is ready, else the error's code and message. */
export function askStatus(
  node: Node,
): { readonly code: number; readonly msg: string } | undefined {
  const { status, stdout } = spawnSync(
    "nsenter",
    [`--net=/run/netns/${node.namespace.name}`, binary],
    {
      env: { CNI_COMMAND: "STATUS" },
      input: JSON.stringify(networkConfig(node, crosslinkPlugin(node))),
      encoding: "utf8",
    },
  );
  return status === 0
    ? undefined
    : (JSON.parse(stdout) as { code: number; msg: string });
}

/** The path of a node's agent's socket. */
export function socket({ folder }: Machine): string {
  return join(folder, "run", "agent.sock");
}
