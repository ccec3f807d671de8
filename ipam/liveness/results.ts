import { join } from "node:path";
import { isObject } from "../../cni/configuration.ts";
import { readSmallFile } from "../../files/read.ts";
import type { Attachment } from "../../cni/request.ts";

/** Where libcni keeps each attachment's last result. */
export const defaultResultsDir = "/var/lib/cni/results";

/** What libcni's cache says of an attachment. */
export interface CachedResult {
  /** Its network namespace: the cache's `netns` (since libcni 1.2), else the `sandbox` of the result's interface. */
  readonly netns?: string;
  /** Its addresses as text, without prefix lengths; absent where the cache has none. */
  readonly addresses?: readonly string[];
}

/** libcni's cache of one attachment; undefined where there is none that this can read: another runtime may run here. */
export function cachedResult(
  resultsDir: string,
  network: string,
  { containerID, ifname }: Attachment,
): CachedResult | undefined {
  const path = join(resultsDir, `${network}-${containerID}-${ifname}`);
  const cached = readJson(path);
  if (!isObject(cached)) return undefined;
  const { result } = cached;
  const said = isObject(result) ? result : {};
  const netns = textOf(cached["netns"]) ?? sandboxOf(said["interfaces"]);
  const addresses = addressesOf(said["ips"]);
  return { ...(netns && { netns }), ...(addresses && { addresses }) };
}

function sandboxOf(interfaces: unknown): string | undefined {
  return objectsOf(interfaces)
    .map(({ sandbox }) => textOf(sandbox))
    .find((sandbox) => sandbox !== undefined);
}

function addressesOf(ips: unknown): readonly string[] | undefined {
  if (!Array.isArray(ips)) return undefined;
  return objectsOf(ips).map(({ address }) =>
    (textOf(address) ?? "").replace(/\/.*/, ""),
  );
}

function objectsOf(list: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A conflist and a result, twice. */
const BYTE_LIMIT = 4 * 1024 * 1024;

function readJson(path: string): unknown {
  try {
    const text = readSmallFile(path, { byteLimit: BYTE_LIMIT });
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
