import { describe, expect, it } from "vitest";
import type { Cluster } from "../cluster.ts";
import { putCrosslink } from "../crosslink.ts";
import { OFFICE_HOST } from "../office.ts";
import type { World } from "../world.ts";
import { failedSandboxes, reachesOffice } from "./expect.ts";
import { startedAgain } from "./started-again.ts";

const BASES = ["east", "west"] as const;

/** What goes on while a node's programs start again, and what comes back where a node does. */
export function restart(theWorld: () => World): void {
  describe.each(BASES)("a node of %s", (name) => {
    const cluster = (): Cluster => theWorld()[name];

    it.each(["containerd", "kubelet"])(
      "keeps its pods' network while %s is killed and starts again, and makes pods as before",
      async (program) => {
        const [node] = cluster().nodes;
        const before = await cluster().pod({
          name: "staying",
          node: node!.name,
        });
        const pinging = before.run([
          "ping",
          "-c",
          "20",
          "-W",
          "5",
          OFFICE_HOST,
        ]);
        await node!.restart(program, "KILL");
        const after = await cluster().pod({
          name: "following",
          node: node!.name,
        });
        await reachesOffice(after);
        expect(await pinging).toContain(" 0% packet loss");
        for (const pod of [before, after]) await cluster().remove(pod.name);
      },
    );

    it("makes pods while crosslink is replaced over and over", async () => {
      const [node] = cluster().nodes;
      const enough = new AbortController();
      const replacing = (async () => {
        let count = 0;
        for (; !enough.signal.aborted; count += 1) await putCrosslink(node!);
        return count;
      })();
      const names = ["one", "two", "three", "four", "five", "six"];
      try {
        const pods = await Promise.all(
          names.map((each) => cluster().pod({ name: each, node: node!.name })),
        );
        for (const pod of pods) await reachesOffice(pod);
        await Promise.all(names.map((each) => cluster().remove(each)));
      } finally {
        enough.abort();
      }
      expect(await replacing).toBeGreaterThan(3);
      expect(
        await failedSandboxes(cluster(), (pod) => names.includes(pod)),
      ).toEqual([]);
    });

    it("gives its pods their network again after it has lost all kernel state", async () => {
      const [node] = cluster().nodes;
      const before = await cluster().pod({
        name: "surviving",
        node: node!.name,
      });
      await reachesOffice(before);
      await node!.reboot();
      const again = await startedAgain(cluster(), before);
      await reachesOffice(again);
      const other = await cluster().pod({ name: "newcomer", node: node!.name });
      await reachesOffice(other);
      expect(other.address).not.toBe(again.address);
      for (const pod of [again, other]) await cluster().remove(pod.name);
    });
  });
}
