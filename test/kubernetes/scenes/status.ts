import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import { UNKNOWN_NODE, withBrokenFiles } from "../broken-files.ts";
import type { Cluster } from "../cluster.ts";
import { placeNewest, removeNewest } from "../newest-conflist.ts";
import type { Node } from "../node/node.ts";
import type { World } from "../world.ts";

/** Containerd 2 asks plugins for their STATUS, where the conflist's version has it, and tells the kubelet. */
export function status(theWorld: () => World): void {
  describe("a node with containerd 2", () => {
    const west = (): Cluster => theWorld().west;
    const node = (): Node => west().nodes[1]!;

    beforeAll(async () => {
      await placeNewest(
        node(),
        await west().base.podCidr(node(), west().kubectl),
      );
    });
    afterAll(() => removeNewest(node()));

    it("is not ready while crosslink cannot serve, in its words, and ready again afterwards", async () => {
      await becomes(west(), node(), /^True /);
      await withBrokenFiles(node(), UNKNOWN_NODE, async () => {
        const said = await becomes(west(), node(), /^False /);
        expect(said).toMatch(UNKNOWN_NODE.sentence);
      });
      await becomes(west(), node(), /^True /);
    });
  });
}

/** Waits for a node's condition Ready; its word and message. */
async function becomes(
  { kubectl }: Cluster,
  { name }: Node,
  wanted: RegExp,
): Promise<string> {
  let seen = "";
  const path =
    'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.message}{end}';
  await until(
    async () => {
      seen = await kubectl.run("get", "node", name, "-o", path);
      return wanted.test(seen);
    },
    { limitSeconds: 180, pauseMs: 1000, describe: () => `${name}: ${seen}` },
  );
  return seen;
}
