import { beforeAll, describe, expect, it } from "vitest";
import { type Cluster, podOnEachNode } from "../cluster.ts";
import type { Pod } from "../pod.ts";
import { clearText, wire } from "../wire.ts";
import type { World } from "../world.ts";

/** A pod on each node, that reach each other: across the clusters encrypted and with their own addresses. */
export function reach(theWorld: () => World): void {
  describe("pods of both clusters", () => {
    let east: readonly Pod[];
    let west: readonly Pod[];
    /** On the first nodes, where there is another of them. */
    let mates: readonly Pod[];

    beforeAll(async () => {
      const clusters = [theWorld().east, theWorld().west] as const;
      const [one, other] = clusters;
      [east, west, mates] = await Promise.all([
        podOnEachNode(one),
        podOnEachNode(other),
        Promise.all(clusters.map(podBesideTheFirst)),
      ]);
    });

    it("are on nodes that are ready, each with the policies that only its pod's ADD can have made", async () => {
      for (const cluster of [theWorld().east, theWorld().west])
        for (const node of cluster.nodes) {
          const status = [
            "-o",
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
          ];
          expect(
            await cluster.kubectl.run("get", "node", node.name, ...status),
          ).toBe("True");
          const policies = await node.run(["ip", "xfrm", "policy"]);
          expect(policies).toContain("dir out priority 17200");
          expect(policies).toContain("dir out action block priority 17299");
        }
    });

    it("are not masqueraded by their bases on the way to the other cluster", async () => {
      const { east: one, west: other } = theWorld();
      for (const [cluster, program, remote] of [
        [one, "iptables-nft", other.pods],
        [other, "iptables-legacy", one.pods],
      ] as const)
        for (const node of cluster.nodes) {
          const save = await node.run([`${program}-save`, "-t", "nat"]);
          expect(save).toMatch(/-j MASQUERADE/);
          expect(save).toMatch(
            new RegExp(`-d ${remote} .*--comment crosslink -j RETURN`),
          );
        }
    });

    it("answer their own node, as a kubelet's probes ask", async () => {
      for (const pod of [...east, ...west])
        expect(
          await pod.node.run(["ping", "-c", "3", "-W", "5", pod.address]),
        ).toContain("3 received");
    });

    it("ping the pods of their own cluster, on their own node and on others, and nothing of it is encrypted", async () => {
      const capture = await wire(theWorld().ground.stage, "mates");
      const [mateInEast, mateInWest] = mates;
      await pingEachOther([...east, mateInEast!]);
      await pingEachOther([...west, mateInWest!]);
      const seen = await capture.stop();
      for (const cluster of [theWorld().east, theWorld().west])
        expect(await seen.show(encryptedWithin(cluster), 5)).toBe("");
    });

    it("ping each other both ways, encrypted on the wire", async () => {
      const capture = await wire(theWorld().ground.stage, "ping");
      for (const from of east) for (const to of west) await ping(from, to);
      for (const from of west) for (const to of east) await ping(from, to);
      const seen = await capture.stop();
      expect(await seen.count("esp")).toBeGreaterThanOrEqual(
        12 * east.length * west.length,
      );
      expect(await seen.show(clear(theWorld()), 5)).toBe("");
    });

    it("send 10 MB both ways; the far end sees the pod's own address", async () => {
      const capture = await wire(theWorld().ground.stage, "transfer");
      await transfer(east[0]!, west.at(-1)!);
      await transfer(west[0]!, east.at(-1)!);
      const seen = await capture.stop();
      expect(await seen.count("esp")).toBeGreaterThan(10_000);
      expect(await seen.show(clear(theWorld()), 5)).toBe("");
    });
  });
}

function podBesideTheFirst({ pod, nodes }: Cluster): Promise<Pod> {
  return pod({ name: "mate", node: nodes[0]!.name });
}

/** ESP between a cluster's own nodes. */
function encryptedWithin({ nodes }: Cluster): string {
  const ends = ["src", "dst"].map(
    (end) =>
      `(${nodes.map(({ address }) => `${end} host ${address}`).join(" or ")})`,
  );
  return ["esp", ...ends].join(" and ");
}

function clear({ east, west }: World): string {
  return clearText(east.pods, west.pods);
}

async function pingEachOther(pods: readonly Pod[]): Promise<void> {
  for (const from of pods)
    for (const to of pods) if (from !== to) await ping(from, to);
}

async function ping(from: Pod, to: Pod): Promise<void> {
  const said = await from.run(["ping", "-c", "3", "-W", "5", to.address]);
  expect(said, `${from.name} to ${to.name}`).toContain("3 packets received");
}

/** Busybox listens for IPv6, and has who comes by IPv4 as a mapped address. */
const RECEIVE = "cat /proc/net/tcp6 >/tmp/seen; sha256sum >/tmp/sum";
const SEND = `
  dd if=/dev/urandom of=/tmp/sent bs=1M count=10 2>/dev/null
  until nc "$0" 9000 </tmp/sent; do sleep 1; done
  sha256sum </tmp/sent`;

/** What arrives is what was sent, and who sent it is who is seen. */
async function transfer(from: Pod, to: Pod): Promise<void> {
  const receiving = to.run([
    "nc",
    "-l",
    "-p",
    "9000",
    "-e",
    "sh",
    "-c",
    RECEIVE,
  ]);
  const sent = await from.run(["sh", "-c", SEND, to.address]);
  await receiving;
  expect(await to.run(["cat", "/tmp/sum"])).toBe(sent);
  expect(await to.run(["cat", "/tmp/seen"])).toContain(
    `:2328 0000000000000000FFFF0000${asKernelPrints(from.address)}:`,
  );
}

/** As /proc/net/tcp has it: a little-endian word in hexadecimal digits. */
function asKernelPrints(address: string): string {
  return Buffer.from(address.split(".").map(Number))
    .reverse()
    .toString("hex")
    .toUpperCase();
}
