import type { Kernel } from "../kernel/kernel.ts";
import type { Host } from "../node/linked.ts";
import type { OptionName } from "./option-table.ts";
import type { Options } from "./options.ts";

/** What a command may use. */
export interface Terminal {
  readonly kernel: () => Kernel;
  readonly host: Host;
  /** The effective user id of this process; root's where left out. */
  readonly user?: number;
  /** The process' environment, for what finds an API server; empty where left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly writeStdout: (text: string) => void;
  readonly writeStderr: (text: string) => void;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Whether it works on the node's kernel, which only root may. */
  readonly rootOnly?: boolean;
  /** What it looks at of the options that several commands share; whatever else is given is refused. */
  readonly takes: readonly OptionName[];
  /** How many words it takes besides options, and what they are; none where left out. */
  readonly words?: { readonly most: number; readonly are: string };
  /** Flags of its own, without dashes, and what each does. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Returns the exit code. */
  readonly run: (options: Options, terminal: Terminal) => number;
}
