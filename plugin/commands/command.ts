import type { Kernel } from "../kernel/kernel.ts";
import type { Host } from "../node/linked.ts";
import type { Options } from "./options.ts";

/** What a command may use. */
export interface Terminal {
  readonly kernel: () => Kernel;
  readonly host: Host;
  readonly writeStdout: (text: string) => void;
  readonly writeStderr: (text: string) => void;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Flags of its own, without dashes, and what each does. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Returns the exit code. */
  readonly run: (options: Options, terminal: Terminal) => number;
}
