import { isObject } from "../../cni/configuration.ts";
import { jsonOrNothing } from "../../files/json.ts";
import { type Cidr, parseCidr } from "../../ip/cidr.ts";
import type { NetworkId } from "../kernel/network-id.ts";
import type { Memory, Remembered } from "./decide.ts";

/** A node's memory, by its network namespace, since one machine may hold several nodes. */
export interface StoredNode extends NetworkId {
  readonly memory: Memory;
}

/** What a file of memories says, as far as it can be made out. */
export interface StoredNodes {
  readonly nodes: readonly StoredNode[];
  /** Whether some of it makes no sense. */
  readonly isDamaged: boolean;
}

/** The file's text. */
export function toText(nodes: readonly StoredNode[]): string {
  const file = { version: 1, nodes: nodes.map(toObject) };
  return `${JSON.stringify(file, undefined, 1)}\n`;
}

/**
 * Reads the file's text. What is sound of it counts, whatever the rest is: of a file that a full disk cut short, or that
 * somebody edited, each CIDR that can be made out was fenced. Throws nothing.
 */
export function fromText(text: string): StoredNodes {
  const reading = { isDamaged: false };
  const nodes = nodesOf(text, reading);
  return { nodes, isDamaged: reading.isDamaged };
}

/** Whether something was passed over so far. */
interface Reading {
  isDamaged: boolean;
}

function nodesOf(text: string, reading: Reading): StoredNode[] {
  const file = jsonOrNothing(text);
  if (!isObject(file) || !Array.isArray(file["nodes"])) {
    reading.isDamaged = true;
    return [remainsOf(text, reading)];
  }
  return file["nodes"].map((node: unknown) => toNode(node, reading));
}

/** Clusters and their CIDRs in what is no JSON any more. Which node's they were, and whether for certain, nobody knows. */
function remainsOf(text: string, reading: Reading): StoredNode {
  const found = text.matchAll(/"([^"]{1,253})":\s*\{\s*"cidrs":\s*\[([^\]]*)/g);
  const clusters = [...found].map(([, name = "", list = ""]) => {
    const cidrs = [...list.matchAll(/"([^"]*)"/g)].map(([, cidr]) => cidr);
    return [name, { cidrs }] as const;
  });
  return toNode({ clusters: Object.fromEntries(clusters) }, reading);
}

function toNode(value: unknown, reading: Reading): StoredNode {
  const node = isObject(value) ? value : {};
  const { own, newest, folder, leaves, clusters } = node;
  if (!isObject(clusters)) reading.isDamaged = true;
  const isDated = typeof newest === "string" && /^\d{1,30}$/.test(newest);
  return {
    boot: String(node["boot"]),
    network: String(node["network"]),
    memory: {
      ...(typeof own === "string" ? { own } : {}),
      ...(isDated ? { newest: BigInt(newest) } : {}),
      ...(typeof folder === "string" ? { folder } : {}),
      ...(leaves === undefined ? {} : { leaves: cidrsOf(leaves, reading) }),
      clusters: clustersOf(clusters, reading),
    },
  };
}

function clustersOf(
  value: unknown,
  reading: Reading,
): ReadonlyMap<string, Remembered> {
  const clusters = Object.entries(isObject(value) ? value : {});
  return new Map(
    clusters.map(([name, each]) => {
      const { cidrs, sure } = isObject(each) ? each : {};
      return [name, { cidrs: cidrsOf(cidrs, reading), sure: sure === true }];
    }),
  );
}

function cidrsOf(list: unknown, reading: Reading): Cidr[] {
  if (!Array.isArray(list)) {
    reading.isDamaged = true;
    return [];
  }
  return list.flatMap((text: unknown) => {
    try {
      return [parseCidr(String(text))];
    } catch {
      reading.isDamaged = true;
      return [];
    }
  });
}

function toObject({ boot, network, memory }: StoredNode): object {
  const { own, newest, folder, leaves, clusters } = memory;
  return {
    ...{ boot, network },
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
