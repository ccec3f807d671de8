import type { Command } from "../../cni/version.ts";
import type { Namespace } from "../support/namespace.ts";
import type { Answer, Json } from "./call.ts";
import type { Subject } from "./subject.ts";

/** Which versions the plugin under test and each plugin of the base chain speak. */
export interface Versions {
  readonly subject: readonly string[];
  readonly base: readonly (readonly string[])[];
}

/** The surroundings of one check: an empty host, a scratch folder and a network of its own. */
export interface Setting extends AsyncDisposable {
  readonly subject: Subject;
  readonly versions: Versions;
  /** The newest version that the plugin speaks. */
  readonly version: string;
  readonly host: Namespace;
  readonly scratch: string;
  /** The network's name. */
  readonly network: string;
  /** A new container, joined to the base chain's network if there is one. */
  container: (version?: string) => Promise<Container>;
  /** Runs the plugin under test with exactly these variables. */
  call: (
    environment: Readonly<Record<string, string | undefined>>,
    stdin?: string,
  ) => Promise<Answer>;
  /** The plugin's configuration, as the runtime would write it, changed by `changes`. */
  config: (version: string, changes?: Json) => Json;
}

/** What a call does differently from what a runtime would do. */
export interface Changes {
  /** Variables to replace; undefined leaves one out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Keys of the configuration to replace; undefined leaves one out. */
  readonly config?: Json;
  /** What to write to stdin instead of the configuration. */
  readonly stdin?: string;
}

/** A container as a runtime sees it: a namespace, an identifier, and the result of its ADD. */
export interface Container {
  readonly id: string;
  readonly ifname: string;
  readonly pod: Namespace;
  readonly version: string;
  /** What the base chain left; absent without one. */
  readonly prevResult?: Json;
  /** Calls the plugin under test for this container. */
  call: (command: Command, changes?: Changes) => Promise<Answer>;
  /** ADD, which has to succeed; later calls get its result as prevResult. */
  add: (changes?: Changes) => Promise<Json>;
  /** DEL by every plugin of the chain, whatever they say, then the namespace. */
  remove: () => Promise<void>;
}
