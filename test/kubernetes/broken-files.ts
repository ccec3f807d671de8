import type { Node } from "./node/node.ts";

/** What is wrong with a node's files, and what crosslink says of it: what fails, then what to do. */
export interface Trouble {
  readonly name: string;
  /** Shell script, on the node. */
  readonly script: string;
  readonly sentence: RegExp;
}

/** No cluster file has the node, by its name or its address. */
export const UNKNOWN_NODE: Trouble = {
  name: "no entry of its own",
  script: `sed -i "s/$(hostname)/another/; s/$(hostname -I | cut -d' ' -f1)/203.0.113.99/" /etc/crosslink/clusters.d/*.json`,
  sentence:
    /Cannot find this node in the cluster files.*Add the node to its cluster's file/,
};

/** Runs `work` while a node's files are wrong; afterwards they are as they were. */
export async function withBrokenFiles(
  node: Node,
  { script }: Trouble,
  work: () => Promise<void>,
): Promise<void> {
  const save = "rm -rf /run/sound; cp -a /etc/crosslink /run/sound";
  await node.run(["bash", "-ec", `${save}\n${script}`]);
  try {
    await work();
  } finally {
    const mend =
      "find /etc/crosslink -mindepth 1 -delete; cp -a /run/sound/. /etc/crosslink/";
    await node.run(["bash", "-ec", mend]);
  }
}
