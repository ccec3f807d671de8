import {
  isStale,
  type NetlinkError,
  type NftablesClient,
  openNftables,
  type Refusal,
  type Request,
} from "../../native/index.ts";
import { inNamespace, type Kernel, using } from "../kernel/kernel.ts";
import { FAMILIES, type Family } from "./base/family.ts";
import { findLegacy, missingLegacy } from "./legacy/program.ts";
import type {
  LegacyOperation,
  NetfilterOperation,
  NftOperation,
} from "./base/operation.ts";

/** `again`: the rules are no longer those that the operations were made for. */
export type Applied = "done" | "again";

/** What fits a netlink socket's default send buffer (net.core.wmem_default), with what the kernel adds to it. */
const TRANSACTION_BYTES = 128 * 1024;

/** Refusals that may mean that an object came or went since it was observed. */
const MOVED = ["ENOENT", "EEXIST", "EBUSY", "EAGAIN"];

/**
 * Takes the operations, nf_tables first. With a generation, those of nf_tables take effect only if the ruleset still is
 * the one of that generation. Throws what the kernel or iptables objects to.
 */
export function commitOperations(
  kernel: Kernel,
  operations: readonly NetfilterOperation[],
  generation: number | undefined,
): Applied {
  const nft = operations.filter((step) => step.object === "nft");
  const legacy = operations.filter((step) => step.object === "legacy");
  if (
    nft.length > 0 &&
    using(openNftables(kernel.binding, inNamespace(kernel)), (client) =>
      commitAll(client, nft, generation),
    ) === "again"
  )
    return "again";
  return restoreAll(kernel, legacy);
}

/** One transaction where it fits; else several, each of which leaves a state that is right as far as it goes. */
function commitAll(
  client: NftablesClient,
  operations: readonly NftOperation[],
  generation: number | undefined,
): Applied {
  let expected = generation;
  for (const requests of inTransactions(operations)) {
    const refusals = client.tryTransaction(requests, expected);
    if (refusals.length > 0) return judge(refusals);
    // nf_tables_commit() counts one up, past zero at the end of the range.
    if (expected !== undefined) expected = (expected + 1) >>> 0 || 1;
  }
  return "done";
}

function judge(refusals: readonly Refusal[]): Applied {
  const [first] = refusals;
  if (isStale(refusals)) return "again";
  if (first !== undefined && isMoved(first.error)) return "again";
  throw first?.error ?? new Error("Cannot change nf_tables: no reason given");
}

function isMoved({ code }: NetlinkError): boolean {
  return MOVED.includes(code);
}

/** What one operation needs stays together. Each is made as its turn comes: thousands of rules are never there at once. */
function* inTransactions(
  operations: readonly NftOperation[],
): Generator<readonly Request[]> {
  let transaction: Request[] = [];
  let room = TRANSACTION_BYTES;
  for (const operation of operations) {
    const requests = operation.requests();
    const size = requests.reduce(
      (total, { body }) => total + body.length + 16,
      0,
    );
    if (size > room && transaction.length > 0) {
      yield transaction;
      transaction = [];
      room = TRANSACTION_BYTES;
    }
    transaction.push(...requests);
    room -= size;
  }
  if (transaction.length > 0) yield transaction;
}

function restoreAll(
  kernel: Kernel,
  operations: readonly LegacyOperation[],
): Applied {
  if (operations.length === 0) return "done";
  const program = findLegacy(kernel);
  if (program === undefined) throw missingLegacy();
  for (const family of FAMILIES)
    for (const [table, lines] of linesByTable(operations, family)) {
      const input = `*${table}\n${lines.join("\n")}\nCOMMIT\n`;
      if (program.restore(family, input) === "again") return "again";
    }
  return "done";
}

function linesByTable(
  operations: readonly LegacyOperation[],
  family: Family,
): Map<string, string[]> {
  const result = new Map<string, string[]>();
  // Deletions first: positions of insertions are counted without what goes.
  for (const isDeletion of [true, false])
    for (const operation of operations)
      if (operation.family === family)
        result.set(operation.table, [
          ...(result.get(operation.table) ?? []),
          ...operation.lines.filter(
            (line) => line.startsWith("-D ") === isDeletion,
          ),
        ]);
  return result;
}
