import { hostname } from "node:os";
import { basename } from "node:path";
import { run } from "../cni/main.ts";
import { readReady, readToEnd, writeFully } from "../cni/stdio.ts";
import { loadAddon } from "./binary/addon.ts";
import { runCommandLine } from "./commands/main.ts";
import { pluginHandlers, processContext } from "./handlers/handlers.ts";
import { serveIpam } from "./handlers/ipam.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Host } from "./node/linked.ts";

/** Standard file descriptors. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** What a front door gives the commands behind it. */
interface Front {
  readonly kernel: () => Kernel;
  readonly host: Host;
  readonly writeStderr: (text: string) => void;
}

/**
 * The front door: called as `crosslink-ipam` it is the IPAM helper, with CNI_COMMAND set the
 * plugin, and otherwise a command line.
 *
 * @param argv0 the name that the program was started by
 * @returns the exit code
 */
export function main(
  argv0: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const front = openFront(environment);
  if (environment["CNI_COMMAND"] === undefined) {
    const user = process.geteuid?.() ?? 0;
    return runCommandLine(args, { ...front, user, environment, writeStdout });
  }
  const call = {
    environment,
    readStdin: () => readToEnd(STDIN),
    readReadyStdin: () => readReady(STDIN),
    writeStdout,
    writeStderr,
  };
  if (basename(argv0) === "crosslink-ipam") return serveIpam(call, front);
  return run(call, pluginHandlers(processContext(front)));
}

function openFront(
  environment: Readonly<Record<string, string | undefined>>,
): Front {
  let kernel: Kernel | undefined;
  return {
    kernel: () => (kernel ??= { binding: loadAddon() }),
    host: {
      nodeName: environment["NODE_NAME"] ?? undefined,
      hostName: hostname(),
    },
    writeStderr,
  };
}

function writeStdout(text: string): void {
  writeFully(STDOUT, text);
}

function writeStderr(text: string): void {
  writeFully(STDERR, text);
}
