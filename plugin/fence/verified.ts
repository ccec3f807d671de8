import { createHash } from "node:crypto";
import { NFPROTO_INET, type NftablesClient } from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { OWN_TABLE } from "../owned.ts";
import * as word from "../netfilter/verified.ts";
import { networkId } from "../kernel/network-id.ts";
import type { FenceWill } from "./will.ts";

/** The name of the word in the folder of such words. */
const NAME = "fence-verified";

/**
 * What must be the same for an earlier look at the fence's rules to be good still: the namespace, the generation of its
 * ruleset, which every change raises, and what is wanted. Undefined where the table is not there.
 */
export function markOf(
  kernel: Kernel,
  client: NftablesClient,
  will: FenceWill,
): string | undefined {
  if (will.released === "all" || kernel.netns !== undefined) return undefined;
  const table = client
    .tables(NFPROTO_INET)
    .find(({ table }) => table === OWN_TABLE);
  if (table === undefined && will.wanted.length > 0) return undefined;
  const { boot, network } = networkId(kernel);
  if (network === "") return undefined;
  return [
    boot,
    network,
    client.generation(),
    String(table?.handle ?? ""),
    digestOf(will),
  ].join("\n");
}

function digestOf({ wanted, released, leaves = [] }: FenceWill): string {
  const hash = createHash("sha256");
  for (const { text } of wanted) hash.update(`+${text}`);
  for (const { text } of released === "all" ? [] : released)
    hash.update(`-${text}`);
  for (const { text } of leaves) hash.update(`=${text}`);
  return hash.digest("hex");
}

/** Whether an earlier call found the rules right. */
export function isVerified(mark: string): boolean {
  return word.isVerified(mark, undefined, NAME);
}

/** Leaves word that the rules are right. */
export function leaveWord(mark: string): void {
  word.leaveWord(mark, undefined, NAME);
}
