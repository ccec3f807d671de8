import { beforeAll, describe, expect, it } from "vitest";
import {
  arrival,
  insert,
  type Pair,
  replicate,
} from "../../support/mariadb/replication.ts";
import { LOSSES } from "../../e2e/fence/traffic.ts";
import type { Cluster } from "../cluster.ts";
import { rotateKeys } from "../crosslink.ts";
import { databaseWords, serverIn } from "../database.ts";
import { importImage } from "../images.ts";
import { mariadbImage } from "../mariadb-image.ts";
import type { Node } from "../node/node.ts";
import type { Pod } from "../pod.ts";
import { clearText, type Wire, wire } from "../wire.ts";
import type { World } from "../world.ts";
import { startedAgain } from "./started-again.ts";

/** The article's demonstration: a database in one cluster replicates to another by pods' addresses, whatever is done to its nodes. */
export function database(theWorld: () => World): void {
  describe("MariaDB, which replicates from a pod in one cluster to a pod in the other", () => {
    let capture: Wire;
    let replicaPod: Pod;
    let pair: Pair;

    const replicaNode = (): Node => theWorld().west.nodes[0]!;

    beforeAll(async () => {
      const { ground, east, west } = theWorld();
      capture = await wire(ground.stage, "database");
      const archive = mariadbImage(ground.folder);
      const [primary, replica] = await Promise.all([
        databasePod(east, archive, 1),
        databasePod(west, archive, 2),
      ]);
      replicaPod = replica;
      pair = {
        primary: await serverIn(primary),
        replica: await serverIn(replica),
      };
      await replicate(pair, {
        address: primary.address,
        readers: "10.20.%",
      });
    });

    it("has 1,000 rows arrive, with equal checksums", async () => {
      await insert(pair.primary, 1000);
      await arrives(pair, 1000);
    });

    it("has arrive what is written during a rotation of keys", async () => {
      const { ground, east, west } = theWorld();
      await rotateKeys(ground, [east, west], () => insert(pair.primary, 100));
      await insert(pair.primary, 100);
      await arrives(pair, 1400);
    });

    it("has arrive what is written while a node's xfrm is flushed, once the next pod has come there", async () => {
      await replicaNode().run(["sh", "-ec", LOSSES.xfrm]);
      await insert(pair.primary, 100);
      const { name: node } = replicaNode();
      await theWorld().west.pod({ name: "mending", node });
      await arrives(pair, 1500);
    });

    it("has arrive what is written while the replica's node starts again, whatever address its pod has then", async () => {
      await replicaNode().reboot();
      await insert(pair.primary, 100);
      const again = await startedAgain(theWorld().west, replicaPod);
      pair = { ...pair, replica: await serverIn(again) };
      await arrives(pair, 1600);
    });

    it("has no SQL pass in clear text", async () => {
      const { east, west } = theWorld();
      const seen = await capture.stop();
      expect(await seen.count("esp")).toBeGreaterThan(100);
      expect(await seen.show("tcp port 3306", 5)).toBe("");
      expect(await seen.show(clearText(east.pods, west.pods), 5)).toBe("");
    });
  });
}

async function databasePod(
  cluster: Cluster,
  archive: string,
  id: number,
): Promise<Pod> {
  const node = cluster.nodes[0]!;
  await importImage(node, archive);
  const words = { name: `database-${id}`, node: node.name };
  return cluster.pod(databaseWords(words, id));
}

/** Both ends have the same rows in the end. */
async function arrives(pair: Pair, rows: number): Promise<void> {
  const { there, here, waited } = await arrival(pair);
  expect(waited).toBe("0");
  expect(there).toMatch(new RegExp(`^${rows}\nshop\\.orders\t\\d+$`));
  expect(here).toBe(there);
}
