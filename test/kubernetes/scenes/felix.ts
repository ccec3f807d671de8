import { beforeAll, describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import { startFelix } from "../node/base.ts";
import type { Node } from "../node/node.ts";
import { inOffice, OFFICE_HOST } from "../office.ts";
import type { Pod } from "../pod.ts";
import { ask, WEB_PORT } from "../web.ts";
import type { World } from "../world.ts";
import { leavesNothing } from "./expect.ts";

/** What each of Felix's backends writes with. */
const IPTABLES = { NFT: "iptables", Legacy: "iptables-legacy" } as const;

/** Felix that starts again with its other backend, below pods that are there, and back. */
export function felix(theWorld: () => World): void {
  describe.each(["NFT", "Legacy"] as const)(
    "Felix, started again with backend %s",
    (backend) => {
      const theNode = () => theWorld().west.nodes[1]!;
      let before: Pod;

      beforeAll(async () => {
        const { west, ground } = theWorld();
        const node = theNode();
        before = await west.pod({ name: "before-felix", node: node.name });
        await node.stop("felix");
        await forgetFelix(node);
        await startFelix(node, {
          folder: ground.programs.get("calico") ?? "",
          iptables: backend,
          resyncSeconds: 3,
        });
        await until(() => hasItsJump(node, IPTABLES[backend]), {
          limitSeconds: 120,
          pauseMs: 200,
          describe: () => `Felix writes nothing with backend ${backend}`,
        });
      });

      it("masquerades neither a pod from before nor one from now on the way to the office", async () => {
        const { west } = theWorld();
        const node = theNode().name;
        const now = await west.pod({ name: "after-felix", node });
        for (const pod of [before, now])
          expect(await ask(pod.run, OFFICE_HOST, WEB_PORT)).toEqual({
            server: "office",
            client: pod.address,
          });
        await west.remove(now.name);
      });

      it("has a pod from before reached by the office, the other node's pods and their own node", async () => {
        const { west, ground } = theWorld();
        const [other] = west.nodes;
        const mate = await west.pod({ name: "mate", node: other!.name });
        const ping = ["ping", "-c", "2", "-W", "5", before.address];
        for (const said of [
          await inOffice(ground.stage, ping),
          await mate.run(ping),
          await theNode().run(ping),
        ])
          expect(said).toMatch(/2 (packets )?received/);
        await west.remove(mate.name);
      });

      it("leaves nothing of a pod that is deleted", async () => {
        await leavesNothing(theWorld().west, theNode(), "passing-felix");
      });
    },
  );
}

/** As a reboot would, and Calico's documentation asks for one: its old chains drop what they do not know, all new pods. */
async function forgetFelix(node: Node): Promise<void> {
  const script = Object.values(IPTABLES)
    .map((name) => `${name}-save | grep -v cali | ${name}-restore`)
    .join("\n");
  await node.run(["bash", "-ec", script]);
}

async function hasItsJump(node: Node, program: string): Promise<boolean> {
  const rules = await node.run([`${program}-save`, "-t", "nat"]);
  return /^-A POSTROUTING .*-j cali-POSTROUTING$/m.test(rules);
}
