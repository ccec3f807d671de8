/** A thread that changes nodes of a mesh in slices, one after the other, and tells when: for churn.ts. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import {
  addressFromValue,
  addressValue,
  parseAddress,
} from "../../../ip/cidr.ts";
import { type ScaleMesh, scaleClusters, type ScaleNode } from "./mesh.ts";

/** What is to be done. */
export interface Orders {
  readonly mesh: ScaleMesh;
  readonly clusters: string;
  readonly seconds: number;
  readonly perSecond: number;
}

/** When a slice was in place, in milliseconds since 1970, and what its node says since then. */
export interface Change {
  readonly at: number;
  readonly node: string;
  readonly elasticIP: string;
}

/** Nodes a slice. */
export const SLICE = 100;

/** Where a slice is. */
export function slicePath(folder: string, cluster: string, place: number) {
  return join(folder, `${cluster}.d`, `${String(place).padStart(3, "0")}.json`);
}

const orders = workerData as Orders | null;
if (orders !== null) parentPort?.postMessage(await change(orders));

async function change(orders: Orders): Promise<Change[]> {
  // The measured node is of the first.
  const [, ...far] = scaleClusters(orders.mesh);
  const nodes = far.map(({ nodes: list }) => [...list]);
  const changes: Change[] = [];
  const begun = Date.now();
  const all = orders.seconds * orders.perSecond;
  for (let n = 0; n < all; n += 1) {
    const due = begun + (n * 1000) / orders.perSecond;
    await setTimeout(Math.max(1, due - Date.now()));
    const which = n % far.length;
    const list = nodes[which]!;
    // Far apart, so that each is of another slice than those before.
    const place = (n * 7919) % list.length;
    const elasticIP = after("198.19.0.1", n);
    const node: ScaleNode = { ...list[place]!, elasticIP };
    list[place] = node;
    write(orders.clusters, far[which]!.name, { place, list });
    changes.push({ at: Date.now(), node: node.name, elasticIP });
  }
  return changes;
}

function write(
  folder: string,
  cluster: string,
  { place, list }: { place: number; list: readonly ScaleNode[] },
): void {
  const slice = Math.floor(place / SLICE);
  const path = slicePath(folder, cluster, slice);
  const nodes = list.slice(slice * SLICE, (slice + 1) * SLICE);
  writeFileSync(`${path}.new`, JSON.stringify({ nodes }, undefined, 1));
  renameSync(`${path}.new`, path);
}

function after(first: string, offset: number): string {
  const { family, bytes } = parseAddress(first);
  return addressFromValue(family, addressValue(bytes) + BigInt(offset)).text;
}
