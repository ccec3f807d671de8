import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isErrno } from "../../files/errno.ts";
import { isCrosslinkEntry, pluginsOf } from "./conflist-text.ts";
import { listConfigurations } from "./conflists.ts";
import type { NodeFolders } from "./node-folders.ts";

/**
 * Who would be stranded without crosslink's programs, a sentence each: networks whose addresses
 * crosslink-ipam gives, and pods that a runtime will delete by the conflist of their ADD, as CRI-O does.
 */
export function programUsers({ conflists, cache }: NodeFolders): string[] {
  const networks = listConfigurations(conflists)
    .filter(usesIpam)
    .map((path) => `"${path}" takes its addresses from crosslink-ipam`);
  const attachments = listNames(cache)
    .filter((name) => isCachedUser(join(cache, name)))
    .map((name) => `${basename(name)} was attached with crosslink`);
  return [...networks, ...attachments];
}

/** Whatever the file's form: a mention is enough to be careful. */
function usesIpam(configuration: string): boolean {
  const isFile =
    statSync(configuration, { throwIfNoEntry: false })?.isFile() === true;
  return (
    isFile &&
    /"type"\s*:\s*"crosslink-ipam"/.test(readFileSync(configuration, "utf8"))
  );
}

/** libcni's cache (libcni/api.go, cachedInfo): the conflist's bytes in base64. Files of others are none of ours. */
function isCachedUser(file: string): boolean {
  try {
    const cached: unknown = JSON.parse(readFileSync(file, "utf8"));
    const config =
      typeof cached === "object" && cached !== null && "config" in cached
        ? cached.config
        : undefined;
    if (typeof config !== "string") return false;
    const text = Buffer.from(config, "base64").toString();
    return (
      pluginsOf(text).some(isCrosslinkEntry) ||
      /"type"\s*:\s*"crosslink-ipam"/.test(text)
    );
  } catch (error) {
    if (error instanceof SyntaxError || isErrno(error, "EISDIR")) return false;
    if (isErrno(error, "ENOENT")) return false; // its pod went just now
    throw error;
  }
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}
