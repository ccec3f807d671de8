import { OWN_TABLE, RUN_FOLDER } from "../owned.ts";
import { readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../files/folder.ts";
import { readRootsFile } from "../../files/trusted.ts";
import { bootId, type NftablesClient } from "../../native/index.ts";
import type { DesiredSnat } from "./state.ts";

/** The name of the word on the rules that keep source addresses. */
const NAME = "verified";

/** Counted up where a new version wants other rules for the same pairs: the word of an older one is then no word. */
const RULES_VERSION = 2;

/**
 * What must be the same for an earlier look at the rules to be good still: the namespace, the
 * generation of its ruleset, which every change raises, and what is wanted of it. Undefined where
 * there is no table of ours. Legacy iptables has no generation: where it is in use, this tells nothing.
 */
export function fingerprint(
  client: NftablesClient,
  desired: DesiredSnat,
): string | undefined {
  const table = client.tables().find(({ table }) => table === OWN_TABLE);
  if (table === undefined) return undefined;
  return [
    bootId(),
    readlinkSync("/proc/self/ns/net"),
    client.generation(),
    table.handle,
    RULES_VERSION,
    desired.mode,
    desired.innerMtu ?? "",
    ...desired.exemptions.map(
      ({ local, remote, encrypted, global }) =>
        `${local.text}>${remote.text} ${encrypted === true ? "esp" : ""} ${global?.text ?? ""}`,
    ),
  ].join("\n");
}

/** Whether an earlier call found the rules right, in the state that the fingerprint tells of. */
export function isVerified(
  mark: string,
  folder: string = RUN_FOLDER,
  name: string = NAME,
): boolean {
  try {
    return readRootsFile(join(folder, name), BYTE_LIMIT) === mark;
  } catch {
    return false; // no word, or none to be trusted: then the rules are looked at
  }
}

/** Leaves word that the rules are right. Where that fails the next call looks itself. */
export function leaveWord(
  mark: string,
  folder: string = RUN_FOLDER,
  name: string = NAME,
): void {
  const file = join(folder, name);
  const unfinished = `${file}.${process.pid}`;
  try {
    makeFolder(folder, 0o700);
    writeFileSync(unfinished, mark, { mode: 0o600, flag: "wx" });
    renameSync(unfinished, file);
  } catch {
    // a read-only /run costs time, nothing else
  }
}

/** A line for each pair of networks. */
const BYTE_LIMIT = 64 * 1024 * 1024;
