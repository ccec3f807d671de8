/** Where the program begins. */
import { root } from "./paths.ts";

/** A script for each use: a CNI call, for which a pod waits, reads nothing of what others need. */
export interface Entries {
  /** For a call of the plugin. */
  readonly call: string;
  /** For a call of crosslink-ipam. */
  readonly ipam: string;
  readonly commandLine: string;
}

/** Those of the program. */
export const ENTRIES: Entries = {
  call: `${root}/plugin/start-call.ts`,
  ipam: `${root}/plugin/start-ipam.ts`,
  commandLine: `${root}/plugin/start.ts`,
};
