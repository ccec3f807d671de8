/** crosslink-ipam and crosslink in one conflist, on two nodes that differ in nothing but their base plugin. */
import { join } from "node:path";
import type { Conflist } from "../../support/chain.ts";
import { captureWires } from "../support/capture-wires.ts";
import { runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { binary } from "../../support/binary.ts";
import { crosslinkPlugin, type Pod, pod } from "../support/pod.ts";
import {
  type Node,
  serverAddress,
  type Topology,
  topology,
  writeClusters,
  writeKeyring,
} from "../support/topology.ts";
import { transfer } from "../support/transfer.ts";

const plans = [
  {
    cluster: "cluster1",
    name: "bridged",
    privateIp: "172.17.0.2",
    elasticIp: "203.0.113.1",
    podCidr: "10.0.0.0/24",
  },
  {
    cluster: "cluster2",
    name: "routed",
    privateIp: "172.18.0.2",
    elasticIp: "203.0.113.2",
    podCidr: "10.0.1.0/24",
  },
] as const;

const bases: Readonly<Record<string, object>> = {
  bridged: { type: "bridge", bridge: "cni0", isGateway: true, ipMasq: true },
  routed: { type: "ptp", ipMasq: true },
};

const clearText = "(net 10.0.0.0/24 or net 10.0.1.0/24) and not esp";

{
  using world = topology(plans);
  using pods = new DisposableStack();
  writeClusters(world.nodes);
  writeKeyring(world.nodes);
  const recorder = await captureWires(world);
  const made = world.nodes.map((node) =>
    pods.use(pod(node, world, conflist(node))),
  );
  await live(world, made);
  using wires = await recorder.stop();
  const clear = wires.each.map((wire) => wire.count(clearText));
  tell(
    "nothing leaves in clear text",
    clear.every((count) => count === 0),
    clear,
  );
}

/** No subnet: each node's pod CIDR comes from the cluster files, so that one conflist serves them all. */
function conflist(node: Node): Conflist {
  const { clustersDir } = crosslinkPlugin(node);
  const ipam = {
    type: "crosslink-ipam",
    subnet: "auto",
    clustersDir,
    node: node.name,
    dataDir: join(node.folder, "ipam"),
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const base = { type: "", ...bases[node.name], ipam };
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [base, crosslinkPlugin(node)],
  };
}

async function live(world: Topology, made: readonly Pod[]): Promise<void> {
  const [one, two] = made;
  if (one === undefined || two === undefined) throw new Error("Two are needed");
  for (const each of made) await each.add();
  const addresses = made.map((each) => each.address());
  tell(
    "each pod has the first address of its node's pod CIDR",
    addresses.join() === "10.0.0.2,10.0.1.2",
    addresses,
  );
  const troubles = await Promise.all(
    made.map((each) => each.check().then(() => "", String)),
  );
  tell("CHECK finds nothing missing", troubles.join("") === "", troubles);
  await meet(one, two, "bridge to ptp");
  await meet(two, one, "ptp to bridge");
  for (const [index, each] of made.entries()) {
    const seen = await transfer(each.namespace, world.server, {
      address: serverAddress,
      bytes: 1000,
    });
    tell(
      `${plans[index]!.name}: the internet sees the node`,
      seen.source === plans[index]!.elasticIp,
      seen,
    );
  }
  for (const each of made) await each.delete();
  await lookIntoStores(world);
}

async function meet(from: Pod, to: Pod, way: string): Promise<void> {
  const done = await transfer(from.namespace, to.namespace, {
    address: to.address(),
    bytes: 1_000_000,
  });
  tell(
    `${way}: every byte arrives, from the pod's own address`,
    done.intact && done.source === from.address(),
    done,
  );
}

async function lookIntoStores({ nodes }: Topology): Promise<void> {
  const held = await Promise.all(
    nodes.map(({ namespace, folder }) =>
      runIn(
        namespace,
        ...[binary, "ipam", "list"],
        ...["--data-dir", join(folder, "ipam"), "--json"],
      ),
    ),
  );
  tell(
    "DEL gives every address back",
    held.every(({ stdout }) => stdout.trim() === "[]"),
    held,
  );
}
