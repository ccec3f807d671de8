import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { cniEnvironment, SYSTEM_PATH } from "./binary.ts";

/** A network configuration list, as a file in /etc/cni/net.d holds it. */
export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly PluginConfiguration[];
}

/** One entry of a conflist's `plugins`. */
export interface PluginConfiguration {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a container runtime knows when it calls a chain. */
export interface ChainCall {
  readonly conflist: Conflist;
  readonly containerId: string;
  /** The pod's namespace; empty when it is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** Folders with plugins, best first. */
  readonly cniPath: readonly string[];
  /** The network namespace of the node, as `ip netns` knows it: where the runtime would run. */
  readonly node: string;
  /** More variables of the plugins' environment, or others than these. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The result of ADD, which a runtime keeps for CHECK and DEL. */
  readonly cachedResult?: unknown;
  /** What the plugins before these gave, where the conflist is only the end of a chain. */
  readonly precedingResult?: unknown;
}

/** How long each plugin of a chain took. */
export interface PluginTiming {
  readonly type: string;
  readonly milliseconds: number;
}

/** What a chain gave. */
export interface ChainResult {
  /** ADD's final result; undefined for other commands. */
  readonly result: unknown;
  readonly timings: readonly PluginTiming[];
}

/** A plugin of a chain failed. The message holds the object that it printed. */
export class ChainError extends Error {
  readonly type: string;
  /** The error object on stdout; undefined when there was none. */
  readonly printed: { code: number; msg: string; details?: string } | undefined;

  constructor(type: string, command: string, stdout: string, stderr: string) {
    super(`Cannot ${command} with plugin "${type}": ${stdout || stderr}`);
    this.type = type;
    this.printed = parse(stdout) as ChainError["printed"];
  }
}

/** ADD as libcni does it: plugin after plugin, each with the result of the one before. */
export async function addChain(call: ChainCall): Promise<ChainResult> {
  const timings: PluginTiming[] = [];
  let result = call.precedingResult;
  for (const plugin of call.conflist.plugins) {
    const done = await runPlugin("ADD", plugin, call, result);
    timings.push(done.timing);
    result = parse(done.stdout);
  }
  return { result, timings };
}

/** CHECK as libcni does it: plugin after plugin, each with ADD's final result. */
export async function checkChain(call: ChainCall): Promise<ChainResult> {
  return runEach("CHECK", call.conflist.plugins, call);
}

/** DEL as libcni does it: the last plugin first, each with ADD's final result where the version brings it along. */
export async function deleteChain(call: ChainCall): Promise<ChainResult> {
  const { cachedResult, ...without } = call;
  const { cniVersion, plugins } = call.conflist;
  const keeps = /^(0\.4|[1-9])\./.test(cniVersion);
  return runEach(
    "DEL",
    plugins.toReversed(),
    keeps ? { ...without, cachedResult } : without,
  );
}

async function runEach(
  command: string,
  plugins: readonly PluginConfiguration[],
  call: ChainCall,
): Promise<ChainResult> {
  const timings: PluginTiming[] = [];
  for (const plugin of plugins) {
    const done = await runPlugin(command, plugin, call, call.cachedResult);
    timings.push(done.timing);
  }
  return { result: undefined, timings };
}

async function runPlugin(
  command: string,
  plugin: PluginConfiguration,
  call: ChainCall,
  prevResult: unknown,
): Promise<{ stdout: string; timing: PluginTiming }> {
  const { cniVersion, name } = call.conflist;
  const config = { ...plugin, cniVersion, name, prevResult };
  const started = performance.now();
  const stdout = await start(command, findPlugin(plugin.type, call), call, {
    type: plugin.type,
    stdin: JSON.stringify(config),
  });
  const milliseconds = performance.now() - started;
  return { stdout, timing: { type: plugin.type, milliseconds } };
}

function findPlugin(type: string, { cniPath }: ChainCall): string {
  const found = cniPath.map((folder) => join(folder, type)).find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    `Cannot find plugin "${type}" in ${cniPath.join(", ")}: run npm run build, or install containernetworking-plugins`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // accessSync says no by throwing
  }
}

/** nsenter rather than `ip netns exec`: a runtime's plugins see the node's own mounts. */
function start(
  command: string,
  program: string,
  call: ChainCall,
  { type, stdin }: { type: string; stdin: string },
): Promise<string> {
  const inNode = [`--net=/var/run/netns/${call.node}`, program];
  const options = { env: environmentOf(command, call), maxBuffer: 1 << 24 };
  return new Promise((resolve, reject) => {
    const child = execFile(
      "nsenter",
      inNode,
      options,
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new ChainError(type, command, stdout, stderr));
      },
    );
    // A plugin that fails early closes its stdin before it has read all: its answer tells why.
    child.stdin?.on("error", () => undefined).end(stdin);
  });
}

function environmentOf(
  command: string,
  call: ChainCall,
): Record<string, string> {
  return {
    PATH: SYSTEM_PATH,
    ...call.environment,
    ...cniEnvironment(command, {
      containerId: call.containerId,
      netns: call.netns,
      cniPath: call.cniPath.join(":"),
    }),
    CNI_IFNAME: call.ifname,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the text itself is in the error
  }
}
