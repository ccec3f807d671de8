import { describe, expect, it } from "vitest";
import { until } from "../../support/until.ts";
import {
  type Trouble,
  UNKNOWN_NODE,
  withBrokenFiles,
} from "../broken-files.ts";
import type { Cluster } from "../cluster.ts";
import { podManifest } from "../control-plane/manifests.ts";
import type { World } from "../world.ts";

const TROUBLES: readonly Trouble[] = [
  {
    name: "no keyring, where one is needed",
    script: `
      cd /etc/crosslink/clusters.d
      sed 's/"office"/"north"/; /encryption/d; s/192.168.50/192.168.60/; s/203.0.113.50/203.0.113.60/' office.json >north.json`,
    sentence:
      /Cannot use keyring "\/etc\/crosslink\/keyring\.json".*make a keyring with: crosslink keygen/,
  },
  UNKNOWN_NODE,
  {
    name: "two files that contradict each other",
    script: `
      cd /etc/crosslink/clusters.d
      sed 's/"office"/"south"/; s/203.0.113.50/203.0.113.51/' office.json >south.json`,
    sentence: /Cannot use .* overlaps .*/,
  },
  {
    name: "a file that somebody has not finished",
    script: `truncate -s 40 /etc/crosslink/clusters.d/office.json`,
    sentence: /Cannot use cluster file ".*office\.json".*/,
  },
];

/** What an admin sees who asks why a pod does not start, and that the pod starts by itself once its node is mended. */
export function trouble(theWorld: () => World): void {
  describe("a pod on a node with", () => {
    it.each(TROUBLES)(
      "$name: its description says what to do; mended, it starts",
      async (each) => {
        const { east } = theWorld();
        const [node] = east.nodes;
        const pod = `beside-${each.name.replaceAll(/[^a-z]+/g, "-")}`;
        await withBrokenFiles(node!, each, async () => {
          await east.apply(podManifest({ name: pod, node: node!.name }));
          expect(await described(east, pod)).toMatch(each.sentence);
        });
        await east.running(pod);
        await east.remove(pod);
      },
    );
  });
}

/** The line of a pod's description that says why it has no network. */
async function described(cluster: Cluster, pod: string): Promise<string> {
  let seen = "";
  await until(
    async () => {
      seen = await cluster.kubectl.run("describe", "pod", pod);
      return seen.includes("FailedCreatePodSandBox");
    },
    { limitSeconds: 900, pauseMs: 1000, describe: () => seen },
  );
  return seen
    .split("\n")
    .filter((line) => line.includes("FailedCreatePodSandBox"))
    .join("\n");
}
