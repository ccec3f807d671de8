import type { Node } from "./node/node.ts";

/** A pod that runs. */
export interface Pod {
  readonly name: string;
  readonly node: Node;
  /** Its container's. */
  readonly id: string;
  readonly address: string;
  /** Its network namespace, by a path on its node. */
  readonly network: string;
  /** Runs a command in its container; what it printed. Throws where it fails. */
  readonly run: (command: readonly string[], input?: string) => Promise<string>;
}

/** What is known of a pod from its API server; `id` is its container's. */
export interface PodFacts {
  readonly name: string;
  readonly node: Node;
  readonly id: string;
  readonly address: string;
}

/** Not by the runtime, which would take a second for each command: by the namespaces of the container's process. */
export async function podOf({
  name,
  node,
  id,
  address,
}: PodFacts): Promise<Pod> {
  const template = ["-o", "go-template", "--template", "{{.info.pid}}"];
  const process = (
    await node.run(["crictl", ...CRICTL, "inspect", ...template, id])
  ).trim();
  const enter = ["nsenter", "-t", process, "-m", "-n", "-p", "--wd=/"];
  return {
    ...{ name, node, id, address, network: `/proc/${process}/ns/net` },
    run: (command, input) => node.run([...enter, ...command], input),
  };
}

/** What crictl is told each time. */
const CRICTL = [
  "--runtime-endpoint",
  "unix:///run/containerd/containerd.sock",
  "--timeout",
  "60s",
];
