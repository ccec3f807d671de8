import { isObject } from "../../../cni/configuration.ts";
import {
  chownSync,
  lstatSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CniError } from "../../../cni/error.ts";
import { loadKeyring } from "../../../conf/keyring.ts";
import { keyringOfCluster, keyringsFolder } from "../../../conf/keyrings.ts";
import { makeFolder } from "../../../files/folder.ts";
import { readSmallFile } from "../../../files/read.ts";
import { replaceFile } from "../../../files/replace.ts";
import type { ApiObject } from "../api/object.ts";
import { isClusterName } from "../names.ts";

/** What is to be in the folder of keyrings. */
export interface WantedKeyrings {
  /** The path of the mesh's own, beside which the folder is. */
  readonly keyring: string;
  /** Secrets named after clusters, with `keyring.json` in them. */
  readonly secrets: readonly ApiObject[];
  /** Clusters whose keyrings stay, though their Secret may be gone. */
  readonly clusters: ReadonlySet<string>;
  /** Whether keyrings of ours that nobody needs are to go. */
  readonly removes: boolean;
}

/** Larger than a keyring may be. */
const BYTE_LIMIT = 64 * 1024;

/**
 * Writes keyrings, for root alone, and remembers which are ours in a hidden list beside them; others' stay as they are.
 *
 * @returns by cluster, why its keyring is not what its Secret says; no secret is in a sentence
 * @throws what the kernel says where a file cannot be written
 */
export function keepKeyrings(wanted: WantedKeyrings): Map<string, string> {
  const folder = keyringsFolder(wanted.keyring);
  makeFolder(folder, 0o700);
  const ours = readOurs(folder);
  const troubles = new Map<string, string>();
  for (const secret of wanted.secrets) {
    const { name } = secret.metadata;
    const text = keyringIn(secret);
    if (!isClusterName(name) || text === undefined) continue;
    const trouble = keepOne(wanted.keyring, { name, text, ours });
    if (trouble !== undefined) troubles.set(name, trouble);
  }
  if (wanted.removes) removeUnneeded(wanted, ours);
  return troubles;
}

function keepOne(
  keyring: string,
  { name, text, ours }: { name: string; text: string; ours: Set<string> },
): string | undefined {
  const path = keyringOfCluster(keyring, name);
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere && !ours.has(name))
    return `"${path}" is somebody's own keyring, and stays; remove it, or the Secret "${name}"`;
  if (isThere && readText(path) === text) return undefined;
  const unproven = join(keyringsFolder(keyring), `.${name}.unproven`);
  try {
    rmSync(unproven, { force: true });
    writeFileSync(unproven, text, { mode: 0o600, flag: "wx", flush: true });
    chownSync(unproven, 0, 0);
    loadKeyring(unproven);
    // First: a keyring that stands and is not known for ours would never be changed again.
    ours.add(name);
    writeOurs(keyringsFolder(keyring), ours);
    renameSync(unproven, path);
    return undefined;
  } catch (error) {
    if (error instanceof CniError)
      return `the Secret "${name}" holds no keyring: ${error.message.replace(/^.*?": /, "")}`;
    throw error;
  } finally {
    rmSync(unproven, { force: true });
  }
}

function removeUnneeded(
  { keyring, secrets, clusters }: WantedKeyrings,
  ours: Set<string>,
): void {
  const held = new Set(secrets.map(({ metadata }) => metadata.name));
  const unneeded = [...ours].filter(
    (name) => !held.has(name) && !clusters.has(name),
  );
  for (const name of unneeded) {
    rmSync(keyringOfCluster(keyring, name), { force: true });
    ours.delete(name);
  }
  if (unneeded.length > 0) writeOurs(keyringsFolder(keyring), ours);
}

function keyringIn(secret: ApiObject): string | undefined {
  const data = (secret as { data?: unknown }).data;
  const text = isObject(data) ? data["keyring.json"] : undefined;
  return typeof text === "string" && text.length <= BYTE_LIMIT
    ? Buffer.from(text, "base64").toString("utf8")
    : undefined;
}

const LIST = ".managed.json";

function readOurs(folder: string): Set<string> {
  try {
    const list: unknown = JSON.parse(readText(join(folder, LIST)) ?? "[]");
    return new Set(Array.isArray(list) ? list.filter(isText) : []);
  } catch {
    return new Set(); // whatever is there is then taken for somebody's own
  }
}

function writeOurs(folder: string, ours: ReadonlySet<string>): void {
  const text = `${JSON.stringify([...ours].sort())}\n`;
  replaceFile(join(folder, LIST), text, { mode: 0o600, uid: 0, gid: 0 });
}

function readText(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
    return undefined;
  return readSmallFile(path, { byteLimit: BYTE_LIMIT });
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
