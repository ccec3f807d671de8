import { hostname } from "node:os";
import { readReady, readToEnd, writeFully } from "../cni/stdio.ts";
import { loadAddon } from "./binary/addon.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Host } from "./node/linked.ts";

/** Standard file descriptors. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** A process's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a front door gives whatever is behind it. */
export interface Front {
  readonly kernel: () => Kernel;
  readonly host: Host;
  readonly readStdin: () => Uint8Array;
  readonly readReadyStdin: () => Uint8Array;
  readonly writeStdout: (text: string) => void;
  readonly writeStderr: (text: string) => void;
}

export function openFront(environment: Environment): Front {
  let kernel: Kernel | undefined;
  return {
    kernel: () => (kernel ??= { binding: loadAddon() }),
    host: {
      nodeName: environment["NODE_NAME"] ?? undefined,
      hostName: hostname(),
    },
    readStdin: () => readToEnd(STDIN),
    readReadyStdin: () => readReady(STDIN),
    writeStdout: (text) => {
      writeFully(STDOUT, text);
    },
    writeStderr: (text) => {
      writeFully(STDERR, text);
    },
  };
}
