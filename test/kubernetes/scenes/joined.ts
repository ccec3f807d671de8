import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import type { Cluster } from "../cluster.ts";
import type { Staying } from "../control-plane/mesh.ts";
import { CNI_BIN } from "../crosslink.ts";
import {
  becomesOn,
  haveFiles,
  inviteAndJoin,
  leave,
  startMesh,
  takeFiles,
} from "../joining.ts";
import { startKubelet } from "../node/kubelet.ts";
import type { Node } from "../node/node.ts";
import type { Pod } from "../pod.ts";
import { pingSteadily } from "../steady.ts";
import { type Wire, wire } from "../wire.ts";
import type { World } from "../world.ts";

/** Of the node that goes and comes, once it has moved. */
const NEW_ADDRESS = "203.0.113.23";

/** Kubernetes writes the files in place of a hand: two commands join, and whatever becomes of one node, others do not notice. */
export function joined(theWorld: () => World): void {
  describe("clusters whose files Kubernetes writes", () => {
    const publishers: Staying[] = [];
    let capture: Wire;
    let pods: Pods;

    /** The node that goes and comes. */
    const moving = (): Node => theWorld().west.nodes[1]!;

    beforeAll(async () => {
      const { ground, east, west } = theWorld();
      // What replicates would still ask for the other cluster where its fence is taken down.
      await remove(east, "database-1");
      await remove(west, "database-2");
      const [one, other, third] = await Promise.all([
        standingPod(east, "box-east-1"),
        standingPod(west, "box-west-1"),
        standingPod(west, "box-west-2"),
      ]);
      pods = { east: one, west: other, moving: third };
      capture = await wire(ground.stage, "joined");
    });
    afterAll(async () => {
      for (const publisher of publishers)
        await publisher[Symbol.asyncDispose]();
    });

    it("have those of themselves once those written by hand are gone, and reach nobody", async () => {
      const clusters = [theWorld().east, theWorld().west];
      for (const each of clusters) await takeFiles(each);
      publishers.push(...(await Promise.all(clusters.map(startMesh))));
      for (const each of clusters) {
        await haveFiles(each, []);
        await haveNoTunnels(each);
      }
      expect(await isAnswered(pods.east, pods.west)).toBe(false);
    });

    it("are joined by two commands: pods answer from the other one within a minute", async () => {
      const { east, west } = theWorld();
      await inviteAndJoin({ inviter: west, joiner: east });
      await areAnswered(60, [
        [pods.east, pods.west],
        [pods.west, pods.east],
        [pods.east, pods.moving],
      ]);
    });

    it("let go a node that is removed, while no other's packet is lost", async () => {
      const { east, west } = theWorld();
      const { name, address } = moving();
      await underTraffic(pods, async () => {
        await west.kubectl.run("delete", "node", name);
        for (const node of east.nodes)
          await becomesOn(node, XFRM, (text) => !text.includes(address));
      });
      expect(await isAnswered(pods.east, pods.moving)).toBe(false);
    });

    it("take it back once its kubelet has registered it, while no other's packet is lost", async () => {
      await underTraffic(pods, async () => {
        await moving().restart("kubelet", "TERM");
        await areAnswered(300, bothWays(pods.east, pods.moving));
      });
    });

    it("follow it to another address, while no other's packet is lost", async () => {
      const node = moving();
      await underTraffic(pods, async () => {
        await node.stop("kubelet");
        await node.run(["bash", "-ec", READDRESS, node.address, NEW_ADDRESS]);
        await startKubelet({ ...node, address: NEW_ADDRESS });
        await areAnswered(300, bothWays(pods.east, pods.moving));
      });
      for (const each of theWorld().east.nodes)
        await becomesOn(
          each,
          XFRM,
          (text) => text.includes(NEW_ADDRESS) && !text.includes(node.address),
        );
    });

    it("lose a peer's file and keyring where it is left, and keep the fence", async () => {
      const { east, west } = theWorld();
      await leave(east, west);
      await haveFiles(east, []);
      await haveNoTunnels(east);
      await areFenced(east);
      const pings = await traffic(pods);
      for (const ping of pings) await ping.more(10);
      for (const ping of pings)
        expect(await ping.stop()).toMatchObject({ received: 0 });
    });

    it("join again after both have left and forgotten", async () => {
      const { east, west } = theWorld();
      const both = [
        [east, west],
        [west, east],
      ] as const;
      await leave(west, east);
      await haveFiles(west, []);
      for (const [each, other] of both) await forget(each, other);
      await inviteAndJoin({ inviter: west, joiner: east });
      // Until then the way is open, by their admins' own word.
      for (const [each] of both) await areFenced(each);
      await areAnswered(60, [
        ...bothWays(pods.east, pods.west),
        ...bothWays(pods.east, pods.moving),
      ]);
    });

    it("have had nothing of it pass in clear text", async () => {
      const { east, west } = theWorld();
      const seen = await capture.stop();
      expect(await seen.count("esp")).toBeGreaterThan(500);
      // Also what is masqueraded at one end; what stays within a cluster is in VXLAN.
      const outside = `net ${east.pods} or net ${west.pods}`;
      expect(await seen.show(outside, 5)).toBe("");
    });
  });
}

/** One of each cluster on nodes that stay, and one on the node that goes and comes. */
type Pods = Readonly<Record<"east" | "west" | "moving", Pod>>;

const XFRM = ["bash", "-c", "ip xfrm state; ip xfrm policy"];

const FENCED = /dst 10\.[12]0\.\S+ *\n\tdir out action block/;

/** In this order, since a second address goes with the first; and with the last one a device loses its routes. */
const READDRESS = `
  ip addr del "$0/24" dev eth0
  ip addr add "$1/24" dev eth0
  ip route replace default via 203.0.113.1`;

async function remove({ kubectl }: Cluster, pod: string): Promise<void> {
  const words = ["--wait=false", "--ignore-not-found"];
  await kubectl.run("delete", "pod", pod, ...words);
}

/** A pod that was made before, in the sandbox that it has now: its node may just have started again. */
async function standingPod(cluster: Cluster, name: string): Promise<Pod> {
  let pod: Pod | undefined;
  const stands = async () => {
    pod = await cluster.running(name).catch(() => undefined);
    if (pod === undefined) return false;
    // Of a process that has ended there is none.
    const { node, network } = pod;
    return (await node.try(["readlink", network])).status === 0;
  };
  await until(stands, { limitSeconds: 900, pauseMs: 1000 });
  return pod!;
}

async function isAnswered(from: Pod, to: Pod): Promise<boolean> {
  const enter = ["nsenter", `--net=${from.network}`];
  const ping = ["ping", "-n", "-c", "1", "-W", "1", to.address];
  return (await from.node.try([...enter, ...ping])).status === 0;
}

type Way = readonly [from: Pod, to: Pod];

function bothWays(one: Pod, other: Pod): Way[] {
  return [
    [one, other],
    [other, one],
  ];
}

/** Waits until each pod is answered by the other. */
async function areAnswered(
  limitSeconds: number,
  ways: readonly Way[],
): Promise<void> {
  let open = ways;
  const areAll = async () => {
    const answered = await Promise.all(
      open.map(([from, to]) => isAnswered(from, to)),
    );
    open = open.filter((_, index) => !answered[index]);
    return open.length === 0;
  };
  await until(areAll, {
    limitSeconds,
    pauseMs: 200,
    describe: () =>
      `no answer ${open.map(([from, to]) => `to ${from.name} from ${to.name}`).join(", ")}`,
  });
}

function traffic({ east, west }: Pods) {
  return Promise.all(
    bothWays(east, west).map(([from, to]) => pingSteadily(from, to)),
  );
}

/** Does something while the pods on nodes that stay ping each other, five times a second; not one ping is lost. */
async function underTraffic(
  pods: Pods,
  act: () => Promise<void>,
): Promise<void> {
  const pings = await traffic(pods);
  for (const ping of pings) await ping.more(5);
  await act();
  for (const ping of pings) await ping.more(10);

  for (const ping of pings) {
    const { lost, received } = await ping.stop();
    expect(lost).toEqual([]);
    expect(received).toBeGreaterThan(10);
  }
}

async function haveNoTunnels({ nodes }: Cluster): Promise<void> {
  for (const node of nodes)
    await becomesOn(node, ["ip", "xfrm", "state"], (text) => text === "");
}

async function areFenced({ nodes }: Cluster): Promise<void> {
  for (const node of nodes)
    await becomesOn(node, ["ip", "xfrm", "policy"], (text) =>
      FENCED.test(text),
    );
}

/** Has a cluster's nodes forget one that was left, so that nothing of it is fenced. */
async function forget({ nodes }: Cluster, other: Cluster): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      const words = [`${CNI_BIN}/crosslink`, "forget", other.name];
      expect(await node.run(words)).toContain("opened");
      // An agent that waited for it meanwhile has raised it, and takes it back.
      await becomesOn(
        node,
        ["ip", "xfrm", "policy"],
        (text) => !text.includes("action block"),
      );
    }),
  );
}
