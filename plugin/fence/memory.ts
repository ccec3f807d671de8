import { CniError, ErrorCode } from "../../cni/error.ts";
import { toCniError } from "../../cni/translate.ts";
import { parseCidr } from "../../ip/cidr.ts";
import { type Memory, NO_MEMORY } from "./decide.ts";
import { addedSince, joinMemories, merge, unsure } from "./join.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type NetworkId, networkId } from "../kernel/network-id.ts";
import { readStateFile, writeStateFile } from "../kernel/state-file.ts";

/** What was fenced, kept beyond a reboot. */
const FENCE_FILE = "/var/lib/crosslink/fence.json";

/** As it is written: a node's memory by its network namespace, since one machine may hold several nodes. */
interface FenceFile {
  readonly version: 1;
  readonly nodes: readonly StoredNode[];
}

interface StoredNode extends NetworkId {
  readonly own?: string;
  readonly newest?: string;
  readonly folder?: string;
  readonly leaves?: readonly string[];
  readonly clusters: Readonly<
    Record<
      string,
      { readonly cidrs: readonly string[]; readonly sure: boolean }
    >
  >;
}

/** Of namespaces that have gone nobody tells; the oldest are given up. */
const MOST_NODES = 200;

/**
 * What was remembered of the node in this network namespace; after a reboot, of whatever node was here. A namespace made
 * anew, as a container's that is started again, has what one by the same folder of cluster files left: but that may have
 * been another node, of a cluster that is fenced for one and the other's own.
 *
 * @throws CniError by the cause's errno, else 5, where the file cannot be read, or is none of ours: then nothing is known
 */
export function recall(
  kernel: Kernel,
  folder: string,
  file: string = FENCE_FILE,
): Memory {
  try {
    const id = networkId(kernel);
    const nodes = readNodes(file);
    const same = nodes.find((node) => isSame(node, id));
    if (same !== undefined) return toMemory(same);
    const earlier = nodes.filter(({ boot }) => boot !== id.boot).map(toMemory);
    const beside = nodes
      .filter((node) => node.boot === id.boot && node.folder === folder)
      .map((node) => unsure(toMemory(node)));
    return [...beside, ...earlier].reduce(merge, NO_MEMORY);
  } catch (cause) {
    throw failure("read what was fenced from", file, cause);
  }
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
      const added = now && seen && addedSince(seen, toMemory(now));
      const all = added === undefined ? memory : joinMemories(added, memory);
      const others = nodes.filter((node) => node !== now);
      const content: FenceFile = {
        version: 1,
        nodes: [toStored(all, id), ...others].slice(0, MOST_NODES),
      };
      return `${JSON.stringify(content, undefined, 1)}\n`;
    });
  } catch (cause) {
    throw failure("remember what is fenced in", file, cause);
  }
}

/** Whether both say the same. */
export function sameMemory(one: Memory, other: Memory): boolean {
  const text = (memory: Memory) => JSON.stringify(toStored(memory, NOWHERE));
  return text(one) === text(other);
}

const NOWHERE: NetworkId = { boot: "", network: "" };

function isSame(one: NetworkId, other: NetworkId): boolean {
  return one.boot === other.boot && one.network === other.network;
}

function readNodes(file: string): readonly StoredNode[] {
  const text = readStateFile(file);
  return text === undefined ? [] : (JSON.parse(text) as FenceFile).nodes;
}

/** What cannot be read is written anew. */
function tryReadNodes(file: string): readonly StoredNode[] {
  try {
    const nodes = readNodes(file);
    for (const node of nodes) toMemory(node); // throws for what is no memory
    return nodes;
  } catch {
    return [];
  }
}

function toStored(memory: Memory, id: NetworkId): StoredNode {
  const { own, newest, folder, leaves, clusters } = memory;
  return {
    ...id,
    ...(own === undefined ? {} : { own }),
    ...(newest === undefined ? {} : { newest: String(newest) }),
    ...(folder === undefined ? {} : { folder }),
    ...(leaves && { leaves: leaves.map(({ text }) => text).sort() }),
    clusters: Object.fromEntries(
      [...clusters]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { cidrs, sure }]) => [
          name,
          { cidrs: cidrs.map(({ text }) => text).sort(), sure },
        ]),
    ),
  };
}

function toMemory({
  own,
  newest,
  folder,
  leaves,
  clusters,
}: StoredNode): Memory {
  return {
    ...(own === undefined ? {} : { own }),
    ...(newest === undefined ? {} : { newest: BigInt(newest) }),
    ...(folder === undefined ? {} : { folder }),
    ...(leaves && { leaves: leaves.map(parseCidr) }),
    clusters: new Map(
      Object.entries(clusters).map(([name, { cidrs, sure }]) => [
        name,
        { cidrs: cidrs.map(parseCidr), sure },
      ]),
    ),
  };
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
