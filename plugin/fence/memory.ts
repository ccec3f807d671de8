import { CniError, ErrorCode } from "../../cni/error.ts";
import { toCniError } from "../../cni/translate.ts";
import { type Memory, NO_MEMORY } from "./decide.ts";
import { addedSince, joinMemories, merge, unsure } from "./join.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type NetworkId, networkId } from "../kernel/network-id.ts";
import { readStateFile, writeStateFile } from "../kernel/state-file.ts";
import {
  fromText,
  type StoredNode,
  type StoredNodes,
  toText,
} from "./stored.ts";

/** What was remembered. */
export interface Recalled {
  readonly memory: Memory;
  /** Where some of the file makes no sense; what is sound of it is in the memory. */
  readonly damage?: CniError;
}

/** What was fenced, kept beyond a reboot. */
const FENCE_FILE = "/var/lib/crosslink/fence.json";

/** Of namespaces that have gone nobody tells; the oldest are given up. */
const MOST_NODES = 200;

/**
 * What was remembered of the node in this network namespace; after a reboot, of whatever node was here. A namespace made
 * anew, as a container's that is started again, has what one by the same folder of cluster files left: but that may have
 * been another node, of a cluster that is fenced for one and the other's own.
 *
 * @throws CniError by the cause's errno, else 5, where the file cannot be read: then nothing is known
 */
export function recall(
  kernel: Kernel,
  folder: string,
  file: string = FENCE_FILE,
): Recalled {
  try {
    const id = networkId(kernel);
    const { nodes, isDamaged } = readNodes(file);
    const memory = memoryOf(id, nodes, folder);
    return isDamaged ? { memory, damage: damageOf(file) } : { memory };
  } catch (cause) {
    throw failure("read what was fenced from", file, cause);
  }
}

function memoryOf(
  id: NetworkId,
  nodes: readonly StoredNode[],
  folder: string,
): Memory {
  const same = nodes.find((node) => isSame(node, id));
  if (same !== undefined) return same.memory;
  const memories = (of: readonly StoredNode[]): Memory[] =>
    of.map(({ memory }) => memory);
  const earlier = memories(nodes.filter(({ boot }) => boot !== id.boot));
  const beside = memories(nodes.filter(({ boot }) => boot === id.boot))
    .filter((memory) => memory.folder === folder)
    .map(unsure);
  return [...beside, ...earlier].reduce(merge, NO_MEMORY);
}

function damageOf(file: string): CniError {
  const cause = new Error(
    "some of it makes no sense; what can be made out is fenced",
  );
  return failure("read all that was fenced from", file, cause);
}

/**
 * Remembers: the file appears whole or not at all, mode 0600.
 *
 * @param seen what was recalled before: what others added since stays, since whoever waits for the node's lock, or cannot go
 *   on, remembers without it. Left out where all is to be forgotten
 * @throws CniError by the cause's errno, else 5, where it cannot be written
 */
export function remember(
  kernel: Kernel,
  memory: Memory,
  seen?: Memory,
  file: string = FENCE_FILE,
): void {
  try {
    writeStateFile(kernel, file, () => {
      const id = networkId(kernel);
      const nodes = tryReadNodes(file).filter(({ boot }) => boot === id.boot);
      const now = nodes.find((node) => isSame(node, id));
      const added = now && seen && addedSince(seen, now.memory);
      const all = added === undefined ? memory : joinMemories(added, memory);
      const others = nodes.filter((node) => node !== now);
      return toText([{ ...id, memory: all }, ...others].slice(0, MOST_NODES));
    });
  } catch (cause) {
    throw failure("remember what is fenced in", file, cause);
  }
}

/** Whether both say the same. */
export function sameMemory(one: Memory, other: Memory): boolean {
  const text = (memory: Memory) => toText([{ ...NOWHERE, memory }]);
  return text(one) === text(other);
}

const NOWHERE: NetworkId = { boot: "", network: "" };

function isSame(one: NetworkId, other: NetworkId): boolean {
  return one.boot === other.boot && one.network === other.network;
}

function readNodes(file: string): StoredNodes {
  const text = readStateFile(file);
  return text === undefined ? { nodes: [], isDamaged: false } : fromText(text);
}

/** What cannot be read is written anew. */
function tryReadNodes(file: string): readonly StoredNode[] {
  try {
    return readNodes(file).nodes;
  } catch {
    return [];
  }
}

/** The cause's own code, so that a runtime tries again where that helps; 5 for a file that says nothing sound. */
function failure(action: string, file: string, cause: unknown): CniError {
  const fact = cause instanceof Error ? cause.message : String(cause);
  const isSystems = cause instanceof Error && "code" in cause;
  const code = isSystems ? toCniError(cause, action).code : ErrorCode.io;
  return new CniError(code, `Cannot ${action} "${file}"`, {
    details: `${fact}. The fence stands, but a reboot may not know of it: mend the folder or the file, which must be root's alone`,
    cause,
  });
}
