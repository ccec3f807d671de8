import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import type { Cluster } from "../cluster.ts";
import { deploymentManifest } from "../control-plane/manifests.ts";
import { CNI_BIN, placeConflist, writeConflist } from "../crosslink.ts";
import type { Conflist } from "../node/base.ts";
import type { Node } from "../node/node.ts";
import type { World } from "../world.ts";

const ROUNDS = 3;
const REPLICAS = 12;

/** crosslink-ipam in host-local's place, whose ranges flannel's plugin gives to it as it does to host-local. */
export function ipam(theWorld: () => World): void {
  describe("crosslink-ipam under flannel's delegate", () => {
    const east = (): Cluster => theWorld().east;

    beforeAll(async () => {
      for (const node of east().nodes)
        await placeConflist(node, "flannel", withOurIpam(east(), node));
    });
    afterAll(async () => {
      for (const node of east().nodes) await writeConflist(node, east());
    });

    it(`gives no address twice through ${ROUNDS} rolling restarts of ${REPLICAS} pods, and keeps none`, async () => {
      const { nodes } = east();
      const before = await Promise.all(nodes.map(held));
      const name = "rolling";
      await east().apply(deploymentManifest({ name, replicas: REPLICAS }));
      await rollout(east(), "status", name);
      let looks = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await rollout(east(), "restart", name);
        const rolled = { isSo: false };
        const rolling = rollout(east(), "status", name).finally(() => {
          rolled.isSo = true;
        });
        for (; !rolled.isSo; looks += 1)
          for (const node of nodes)
            expect(twice(await addressesOn(node)), node.name).toEqual([]);
        await rolling;
      }
      expect(looks).toBeGreaterThan(ROUNDS);
      await settled(nodes, async (node) => {
        const inPods = await addressesOn(node);
        return same(await held(node), inPods) && inPods.length > 0;
      });
      const given = (await Promise.all(nodes.map(noted))).flat();
      const rolled = await addressesOf(east(), name);
      expect(rolled).toHaveLength(REPLICAS);
      expect(rolled.filter((it) => !given.includes(it))).toEqual([]);
      await east().kubectl.run("delete", "deployment", name, "--wait=true");
      await settled(nodes, async (node) =>
        same(await held(node), before[nodes.indexOf(node)]!),
      );
    });
  });
}

/** What the base's manifest has, with the address manager that an admin changes there. */
function withOurIpam({ base }: Cluster, node: Node): Conflist {
  const { plugins, ...rest } = base.conflist(node);
  const [first, ...others] = plugins;
  const ours = { ...first, ipam: { type: "crosslink-ipam" } };
  return { ...rest, plugins: [ours, ...others, { type: "crosslink" }] };
}

/** @param verb of `kubectl rollout` */
async function rollout(
  { kubectl }: Cluster,
  verb: "restart" | "status",
  name: string,
): Promise<void> {
  const limit = verb === "status" ? ["--timeout=600s"] : [];
  await kubectl.run("rollout", verb, `deployment/${name}`, ...limit);
}

/** The addresses in all of a node's network namespaces; one that goes meanwhile has none. */
async function addressesOn(node: Node): Promise<string[]> {
  const each =
    'for it in $(ip netns list | cut -d" " -f1); do ip -n "$it" -4 -o address show dev eth0 2>/dev/null; done; true';
  const shown = await node.run(["bash", "-c", each]);
  return [...shown.matchAll(/ inet ([\d.]+)\//g)].map(([, it]) => it!).sort();
}

/** The addresses that the store holds for somebody. */
async function held(node: Node): Promise<string[]> {
  const words = ["ipam", "list", "--json"];
  const shown = await node.run([`${CNI_BIN}/crosslink`, ...words]);
  const holdings = JSON.parse(shown) as { address: string }[];
  return holdings.map(({ address }) => address).sort();
}

/** Those that crosslink-ipam has noted that it gave: host-local makes no notes. */
async function noted(node: Node): Promise<string[]> {
  const notes = ["/var/lib/crosslink/ipam", "-type", "l", "-printf", "%f\\n"];
  return (await node.run(["find", ...notes])).split("\n");
}

/** Of a deployment's pods, without those that are going. */
async function addressesOf(
  { kubectl }: Cluster,
  name: string,
): Promise<string[]> {
  const { items } = (await kubectl.get("pods", "-l", `app=${name}`)) as {
    items: {
      metadata: { deletionTimestamp?: string };
      status: { podIP: string };
    }[];
  };
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ status }) => status.podIP);
}

function twice(addresses: readonly string[]): string[] {
  return addresses.filter((it, at) => addresses.indexOf(it) !== at);
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join() === other.join();
}

async function settled(
  nodes: readonly Node[],
  isSo: (node: Node) => Promise<boolean>,
): Promise<void> {
  for (const node of nodes)
    await until(() => isSo(node), {
      limitSeconds: 60,
      pauseMs: 500,
      describe: () => `${node.name}: addresses held differ from those in use`,
    });
}
