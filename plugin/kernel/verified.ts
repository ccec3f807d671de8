import { hash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../files/folder.ts";
import { readRootsFile } from "../../files/trusted.ts";
import { OWN_TABLE, RUN_FOLDER } from "../owned.ts";
import type { Kernel } from "./kernel.ts";
import { networkId } from "./network-id.ts";
import { rulesetOf } from "./nftables.ts";

/** What is wanted of rules. */
export interface WantedRules {
  /** Of our table; whichever is found first where that does not matter. */
  readonly family?: number;
  /** Whether the rules are right without a table of ours. */
  readonly mayLackTable?: boolean;
  /** All that the rules depend on, word by word. */
  readonly words: Iterable<string>;
}

/**
 * What must be the same for an earlier look at rules of ours to be good still: the namespace, the generation of its
 * ruleset, which every change raises, and what is wanted. Undefined where that cannot be told. Legacy iptables has no
 * generation: where it is in use, this tells nothing.
 */
export function rulesetMark(
  kernel: Kernel,
  { family, mayLackTable = false, words }: WantedRules,
): string | undefined {
  if (kernel.netns !== undefined) return undefined;
  const ruleset = rulesetOf(kernel);
  if (ruleset === undefined) return undefined;
  const table = ruleset.tables.find(
    (each) =>
      each.table === OWN_TABLE &&
      (family === undefined || each.family === family),
  );
  if (table === undefined && !mayLackTable) return undefined;
  const { boot, network } = networkId(kernel);
  if (network === "") return undefined;
  return [
    boot,
    network,
    ruleset.generation,
    String(table?.handle ?? ""),
    short([...words].join("\n")),
  ].join("\n");
}

/** Most nodes have few words; to load Node's crypto for them takes as long as a tenth of an ADD. */
function short(text: string): string {
  return text.length <= BYTE_LIMIT / 2 ? text : hash("sha256", text);
}

/** A look that need not be repeated. */
interface Verification<Found> {
  /** What a look finds where all is right. */
  readonly nothing: Found;
  readonly look: () => Found;
  readonly isRight: (found: Found) => boolean;
}

/** What a look finds; `nothing` without one where an earlier look, at what this mark stands for, found all right. */
export function unlessVerified<Found>(
  name: string,
  mark: string | undefined,
  { nothing, look, isRight }: Verification<Found>,
): Found {
  if (mark !== undefined && isVerified(name, mark)) return nothing;
  const found = look();
  // The mark is older than the look: what changed in between makes the next call look again.
  if (mark !== undefined && isRight(found)) leaveWord(name, mark);
  return found;
}

/** Whether an earlier call found the rules right, in the state that the mark tells of. */
export function isVerified(
  name: string,
  mark: string,
  folder: string = RUN_FOLDER,
): boolean {
  try {
    return readRootsFile(join(folder, name), BYTE_LIMIT) === mark;
  } catch {
    return false; // no word, or none to be trusted: then the rules are looked at
  }
}

/** Leaves word that the rules are right. Where that fails the next call looks itself. */
export function leaveWord(
  name: string,
  mark: string,
  folder: string = RUN_FOLDER,
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

/** More than a mark has. */
const BYTE_LIMIT = 16_384;
