import { beforeAll, describe, expect, it } from "vitest";
import { podOnEachNode } from "../cluster.ts";
import { inOffice, OFFICE_HOST } from "../office.ts";
import type { Pod } from "../pod.ts";
import type { World } from "../world.ts";
import { leavesNothing } from "./expect.ts";

/** Pods whose ADD and DEL a kubelet asks for, and whom the office sees. */
export function attach(theWorld: () => World): void {
  describe("pods on every node of both clusters", () => {
    let pods: readonly Pod[];

    beforeAll(async () => {
      const { east, west } = theWorld();
      pods = (await Promise.all([east, west].map(podOnEachNode))).flat();
    });

    it("reach the office with their own addresses, and it reaches them", async () => {
      const { stage } = theWorld().ground;
      for (const pod of pods) {
        const capture = ["timeout", "20", "tcpdump", "-nn", "-l", "-c", "1"];
        const filter = [
          "-i",
          "eth0",
          `icmp[0] == 8 and dst host ${OFFICE_HOST}`,
        ];
        const seen = inOffice(stage, [...capture, ...filter]);
        expect(await ping(pod, OFFICE_HOST)).toContain("3 packets received");
        expect(await seen).toContain(`IP ${pod.address} > ${OFFICE_HOST}`);
        expect(
          await inOffice(stage, ["ping", "-c", "2", "-W", "5", pod.address]),
        ).toContain("2 received");
      }
    });

    it("reach the pods of their own cluster, on their own node and the other, and answer their node", async () => {
      for (const pod of pods) {
        for (const other of pods.filter((each) => isMate(pod, each)))
          expect(await ping(pod, other.address)).toContain(
            "3 packets received",
          );
        expect(
          await pod.node.run(["ping", "-c", "2", "-W", "5", pod.address]),
        ).toContain("2 received");
      }
    });

    it("leave nothing of themselves when they are deleted", async () => {
      const { east, west } = theWorld();
      for (const cluster of [east, west]) {
        const [node] = cluster.nodes;
        await leavesNothing(cluster, node!, `passing-${cluster.name}`);
      }
    });
  });
}

function isMate(one: Pod, other: Pod): boolean {
  const clusterOf = ({ node }: Pod) => node.name.replace(/-\d+$/, "");
  return one !== other && clusterOf(one) === clusterOf(other);
}

function ping(from: Pod, address: string): Promise<string> {
  return from.run(["ping", "-c", "3", "-W", "5", address]);
}
