/** Where the program begins. */
import { root } from "./paths.ts";

/** A script for each use: a CNI call, for which a pod waits, reads nothing of what others need. */
export interface Entries {
  /** For a call of the plugin that needs the cluster files. */
  readonly call: string;
  /** For one of the plugin that needs none of them: script-of.ts says which. */
  readonly release: string;
  /** For a call of crosslink-ipam. */
  readonly ipam: string;
  readonly commandLine: string;
}

/** Those of the program. */
export const ENTRIES: Entries = {
  call: `${root}/plugin/start-call.ts`,
  release: `${root}/plugin/start-release.ts`,
  ipam: `${root}/plugin/start-ipam.ts`,
  commandLine: `${root}/plugin/start.ts`,
};
