import { readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../cni/configuration.ts";
import type { Attachment } from "../../cni/request.ts";
import { errnoOf } from "../folder/error.ts";

/** Where libcni keeps each attachment's last result. */
export const defaultResultsDir = "/var/lib/cni/results";

/** NSFS_MAGIC of include/uapi/linux/magic.h: the file system of open namespaces. */
const NSFS_MAGIC = 0x6e736673;

/**
 * The network namespace that libcni remembers for an attachment: its cache's `netns` (since libcni 1.2), else the
 * `sandbox` of the result's interface.
 */
export function cachedNetns(
  resultsDir: string,
  network: string,
  { containerID, ifname }: Attachment,
): string | undefined {
  const path = join(resultsDir, `${network}-${containerID}-${ifname}`);
  const cached = readJson(path);
  if (!isObject(cached)) return undefined;
  const netns = cached["netns"];
  if (typeof netns === "string" && netns !== "") return netns;
  const result = cached["result"];
  const interfaces: unknown = isObject(result) ? result["interfaces"] : [];
  if (!Array.isArray(interfaces)) return undefined;
  return interfaces.map(sandboxOf).find((sandbox) => sandbox !== "");
}

/** Whether a path is a network namespace now. A file that a crash left there, or a reboot, is none. */
export function isNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch (error) {
    if (errnoOf(error) !== undefined) return false;
    throw error;
  }
}

function sandboxOf(entry: unknown): string {
  const sandbox = isObject(entry) ? entry["sandbox"] : undefined;
  return typeof sandbox === "string" ? sandbox : "";
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // no such cache, or none that this can read: another runtime may run here
  }
}
