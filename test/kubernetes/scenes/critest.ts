import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import type { Cluster } from "../cluster.ts";
import { CNI_BIN } from "../crosslink.ts";
import { BOX, importImage, WEB, webImage } from "../images.ts";
import { placeNewest, removeNewest } from "../newest-conflist.ts";
import type { Node } from "../node/node.ts";
import { startKubelet } from "../node/kubelet.ts";
import { stateOf } from "../node/state.ts";
import type { World } from "../world.ts";

const IMAGES = "/etc/cni/critest-images.yaml";

/** The Container Runtime Interface's own tests of networking. No kubelet runs meanwhile: it ends sandboxes that are no pod's. */
export function critest(theWorld: () => World): void {
  describe("critest's networking", () => {
    const first = ({ nodes }: Cluster): Node => nodes[0]!;
    const second = ({ nodes }: Cluster): Node => nodes[1]!;
    let archive: string;

    beforeAll(async () => {
      const { west, ground } = theWorld();
      archive = webImage(ground.folder);
      // Calico's plugin asks the API server for each pod, and critest's are on none.
      const pods = await west.base.podCidr(second(west), west.kubectl);
      await placeNewest(second(west), pods);
    });
    afterAll(() => removeNewest(second(theWorld().west)));

    it.each([
      [
        "the system's containerd and flannel's conflist",
        () => first(theWorld().east),
      ],
      ["containerd 2 and a conflist of CNI 1.1", () => second(theWorld().west)],
    ])("holds with %s, and leaves nothing", async (_, node) => {
      await node().run([`${CNI_BIN}/crosslink`, "apply"]);
      const before = unmarked(await stateOf(node()));
      await node().stop("kubelet");
      const said = await runCritest(theWorld(), node(), archive);
      await startKubelet(node());
      expect(said).toMatch(/Ran 4 of \d+ Specs/);
      expect(said).toContain("4 Passed | 0 Failed");
      expect(unmarked(await stateOf(node()))).toBe(before);
    });
  });
}

/** portmap's chains and their mark, which our rules pass by, come with a node's first host port, and stay. */
function unmarked(state: string): string {
  return state.replaceAll(/ -m mark ! --mark \S+/g, "");
}

async function runCritest(
  { ground }: World,
  node: Node,
  archive: string,
): Promise<string> {
  await importImage(node, archive);
  await node.write(
    IMAGES,
    `defaultTestContainerImage: ${BOX}\nwebServerTestImage: ${WEB}\n`,
  );
  const { stdout } = await node.try([
    join(ground.programs.get("critest") ?? "", "critest"),
    "--runtime-endpoint=unix:///run/containerd/containerd.sock",
    `--test-images-file=${IMAGES}`,
    "--ginkgo.no-color",
    "--ginkgo.focus=runtime should support networking",
  ]);
  return stdout;
}
