import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  compileLauncher,
  type Compiler,
  shipping,
} from "../../../.build/launcher.ts";
import { buildAddon } from "../../../.build/addon.ts";
import { cniEnvironment, binary, type Ended } from "../binary.ts";
import { networkConfig, ownFiles } from "../node-files.ts";
import { type NodeSite, nodeSite, type SiteCall } from "../node-site.ts";
import { until } from "../until.ts";

/** An agent that runs. */
export interface RunningAgent extends AsyncDisposable {
  readonly process: ChildProcess;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** A node with a launcher, as `crosslink install` leaves it. */
export interface AgentSite extends NodeSite {
  readonly socket: string;
  /** A folder with the launcher and nothing else: it serves only where an agent does. */
  readonly alone: string;
  /** A folder with the launcher, and a link to the full binary beside it. */
  readonly whole: string;
  /** Starts an agent, and waits until it serves. */
  startAgent(options?: AgentStart): Promise<RunningAgent>;
  /** Runs the launcher of a folder in the node's namespace. */
  launch(folder: string, command: string, call?: LauncherCall): Promise<Ended>;
}

/** What differs from agent to agent. */
export interface AgentStart {
  /** Words before the agent's own: `unshare` and the like. */
  readonly within?: readonly string[];
  readonly options?: readonly string[];
}

/** What differs from call to call. */
export interface LauncherCall extends SiteCall {
  /** In place of the configuration. */
  readonly stdin?: string;
  readonly program?: "crosslink" | "crosslink-ipam";
  readonly within?: readonly string[];
}

/** Makes a launcher that ends at the first wrong access to memory, or undefined arithmetic. musl has no sanitizers. */
export const sanitizing: Compiler = {
  program: "gcc",
  // prettier-ignore
  flags: ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

/** Makes a node of {@link nodeSite} with a launcher: as it ships, but for these definitions. */
export function agentSite(
  definitions: readonly string[] = [],
  { program, flags }: Compiler = shipping,
): AgentSite {
  buildAddon();
  const site = nodeSite();
  // Not below the node's folder: what is watched there should be the node's files alone.
  const folder = mkdtempSync(join(tmpdir(), "crosslink-agent-"));
  const [run, alone, whole] = ["run", "alone", "whole"].map((name) => {
    mkdirSync(join(folder, name), { mode: 0o700 });
    return join(folder, name);
  }) as [string, string, string];
  installLauncher([alone, whole], {
    program,
    flags: [...flags, ...definitions],
  });
  symlinkSync(binary, join(whole, "crosslink.full"));
  const socket = join(run, "agent.sock");
  return {
    ...site,
    socket,
    alone,
    whole,
    startAgent: (options) => startAgent(site, socket, options),
    launch: (from, command, call = {}) =>
      launch({ site, socket, from }, command, call),
    [Symbol.dispose]: () => {
      site[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

function installLauncher(folders: readonly string[], compiler: Compiler): void {
  const made = join(mkdtempSync(join(tmpdir(), "crosslink-launcher-")), "made");
  compileLauncher(made, compiler);
  for (const folder of folders)
    for (const name of ["crosslink", "crosslink-ipam"])
      copyFileSync(made, join(folder, name));
  rmSync(dirname(made), { recursive: true });
}

async function startAgent(
  site: NodeSite,
  socket: string,
  { within = [], options = [] }: AgentStart = {},
): Promise<RunningAgent> {
  const words = [
    ...[`--net=${site.node.path}`, ...ownLock(dirname(socket)), ...within],
    ...[binary, "agent", ...ownFiles("agent", site, "node1")],
    ...["--socket", socket, ...options],
  ];
  const child = spawn("nsenter", words, {
    env: { PATH: process.env["PATH"] },
    // Not ours: one that outlives its test would keep our stdout open, and whoever waits for its end.
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    log += part;
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  await until(() => {
    if (child.exitCode !== null)
      throw new Error(`The agent ended at its start: ${log}`);
    return log.includes("the agent is ready");
  }).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return { process: child, log: () => log, ended, [Symbol.asyncDispose]: kill };
}

/**
 * Words that give an agent a /run/crosslink of its own: where a node of another test holds the machine's lock for
 * more than AGENT_PATIENCE_MS, it would rightly serve nothing.
 */
function ownLock(folder: string): string[] {
  const script = `mkdir -p -m 700 /run/crosslink; mount --bind ${folder} /run/crosslink; exec "$@"`;
  return ["unshare", "--mount", "sh", "-ec", script, "sh"];
}

function launch(
  { site, socket, from }: { site: NodeSite; socket: string; from: string },
  command: string,
  call: LauncherCall,
): Promise<Ended> {
  const program = join(from, call.program ?? "crosslink");
  const words = [`--net=${site.node.path}`, ...(call.within ?? []), program];
  const env = {
    PATH: process.env["PATH"],
    CROSSLINK_AGENT: socket,
    ...cniEnvironment(command, {
      containerId: call.containerId,
      netns: call.pod?.path ?? "",
      cniPath: from,
    }),
    ...call.environment,
  };
  const config = networkConfig(site, { node: "node1", ...call.config });
  return new Promise((resolve) => {
    const child = execFile(
      "nsenter",
      words,
      { env, maxBuffer: 1 << 26 },
      (_, stdout, stderr) => {
        resolve({ status: child.exitCode, stdout, stderr });
      },
    );
    child.stdin
      ?.on("error", () => undefined)
      .end(call.stdin ?? JSON.stringify(config));
  });
}
