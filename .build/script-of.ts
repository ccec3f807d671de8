import type { Entries } from "./entries.ts";

/** Commands of the plugin that need none of the cluster files. */
const RELEASES: readonly string[] = ["DEL", "GC", "VERSION"];

/** The script that serves a CNI call of a program: what the loader runs, and a cache is made of. It reads nothing of what other uses need. */
export function scriptOf(
  program: string,
  command: string,
): Exclude<keyof Entries, "commandLine"> {
  if (program === "crosslink-ipam") return "ipam";
  return RELEASES.includes(command) ? "release" : "call";
}
