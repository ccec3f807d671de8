import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { isErrno } from "../../files/errno.ts";
import { readSmallFile } from "../../files/read.ts";
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

/** More than any conflist, or what libcni keeps of one with its result. */
const LIMITS = { byteLimit: 4 * 1024 * 1024 };

/** Whatever the file's form: a mention is enough to be careful. */
function usesIpam(configuration: string): boolean {
  return /"type"\s*:\s*"crosslink-ipam"/.test(readIfThere(configuration));
}

/** libcni's cache (libcni/api.go, cachedInfo): the conflist's bytes in base64. Files of others are none of ours. */
function isCachedUser(file: string): boolean {
  try {
    const cached: unknown = JSON.parse(readIfThere(file));
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
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Empty for what is no file of theirs: a folder, a FIFO, a device, a huge one, or one that went just now with its pod. */
function readIfThere(file: string): string {
  try {
    return readSmallFile(file, LIMITS) ?? "";
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENXIO", "ELOOP")) return "";
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
