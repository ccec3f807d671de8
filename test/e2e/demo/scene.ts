/** The demo itself: runs as root on a kernel with ESP, in network namespaces of its own, and cleans up. */
import { execFileSync } from "node:child_process";
import type { PluginTiming } from "../../support/chain.ts";
import { captureWires, type WiresRecording } from "../support/capture-wires.ts";
import { crosslinkPlugin, pod } from "../support/pod.ts";
import {
  clusterFile,
  serverAddress,
  type Topology,
  topology,
  writeClusters,
  writeKeyring,
} from "../support/topology.ts";
import { transfer } from "../support/transfer.ts";
import { picture, report, table } from "./report.ts";
import { type Side } from "../leak/stage.ts";

const plans = [
  {
    cluster: "cluster1",
    name: "vm-0-7",
    privateIp: "172.17.0.2",
    elasticIp: "203.0.113.1",
    podCidr: "10.0.0.0/24",
  },
  {
    cluster: "cluster2",
    name: "vm-0-11",
    privateIp: "172.18.0.2",
    elasticIp: "203.0.113.2",
    podCidr: "10.0.1.0/24",
  },
] as const;

const transferBytes = 2 * 1000 * 1000;

/** Packets with a pod's address on the wire, not inside of ESP. */
const clearText = "(net 10.0.0.0/24 or net 10.0.1.0/24) and not esp";

const { step, show, check, finish } = report();

process.exitCode = (await play()) ? 0 : 1;

async function play(): Promise<boolean> {
  console.log(picture);
  using world = topology(plans);
  using pods = new DisposableStack();
  const [first, second] = world.nodes.map((node) => ({
    node,
    pod: pods.use(pod(node, world)),
  }));
  if (first === undefined || second === undefined)
    throw new Error("The scene needs two nodes");
  writeFiles(world);
  const recorder = await captureWires(world);
  await addPods([first, second]);
  pingBothWays(first, second);
  await sendBothWays(first, second);
  await reachInternet(world, first);
  using wires = await recorder.stop();
  countPackets(wires);
  showKernelState(first);
  await removePods([first, second]);
  return finish();
}

/** What an admin does: the same cluster files and the same keyring on every node. */
function writeFiles({ nodes }: Topology): void {
  step(
    "Two cluster files and a keyring, the same on both nodes; a conflist that ends in crosslink",
  );
  writeClusters(nodes);
  writeKeyring(nodes);
  const [node] = nodes;
  if (node === undefined) return;
  show(`cluster1.json  ${JSON.stringify(clusterFile("cluster1", nodes))}`);
  show(`conflist       ptp with crosslink-ipam and ipMasq, then`);
  show(`               ${JSON.stringify(crosslinkPlugin(node))}`);
}

async function addPods(sides: readonly Side[]): Promise<void> {
  step(
    "ADD on both nodes at once, as a container runtime calls it: ptp with crosslink-ipam, then crosslink; both are dist/crosslink",
  );
  const rows = await Promise.all(
    sides.map(async ({ node, pod }) => {
      const { timings } = await pod.add();
      return [node.name, `pod ${pod.address()}`, ...timings.map(duration)];
    }),
  );
  show(table(rows));
  const troubles = await Promise.all(
    sides.map(({ pod }) => pod.check().then(() => "", String)),
  );
  for (const [index, { node }] of sides.entries()) {
    const trouble = troubles[index] ?? "";
    if (trouble !== "") show(trouble);
    check(`CHECK on ${node.name} finds nothing missing`, trouble === "");
  }
}

function duration({ type, milliseconds }: PluginTiming): string {
  return `${type} ${milliseconds.toFixed(0)} ms`;
}

function pingBothWays(first: Side, second: Side): void {
  step("Ping, both ways");
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    const { stdout } = from.pod.namespace.try(
      "ping",
      "-n",
      "-c",
      "3",
      "-i",
      "0.2",
      "-W",
      "2",
      to.pod.address(),
    );
    show(/.*packets transmitted.*/.exec(stdout)?.[0] ?? stdout);
    check(`${way(from, to)}: 3 of 3 answered`, stdout.includes(" 3 received"));
  }
}

async function sendBothWays(first: Side, second: Side): Promise<void> {
  step(`${transferBytes / 1e6} MB over TCP, both ways at once`);
  const ways = [
    [first, second],
    [second, first],
  ] as const;
  const transfers = await Promise.all(
    ways.map(([from, to]) =>
      transfer(from.pod.namespace, to.pod.namespace, {
        address: to.pod.address(),
        bytes: transferBytes,
      }),
    ),
  );
  for (const [index, done] of transfers.entries()) {
    const [from, to] = ways[index]!;
    const { source, bytes, seconds, intact } = done;
    show(
      `${bytes} bytes in ${seconds.toFixed(1)} s; the far pod saw them come from ${source}`,
    );
    check(
      `${way(from, to)}: every byte arrived`,
      intact && bytes === transferBytes,
    );
    check(
      `${way(from, to)}: the far pod saw the pod's own address`,
      source === from.pod.address(),
    );
  }
}

/** Only what goes to the other cluster is spared from the node's masquerade. */
async function reachInternet(world: Topology, side: Side): Promise<void> {
  step("The pod still reaches the internet, masqueraded as before");
  const { source } = await transfer(side.pod.namespace, world.server, {
    address: serverAddress,
    bytes: 1000,
  });
  show(`${serverAddress} saw ${source}`);
  check(
    `${side.node.name}: the internet saw the node's elastic IP`,
    source === side.node.elasticIp,
  );
}

/** Each wire carries what one node sends and what it gets: ESP in both directions, and nothing of a pod outside of it. */
function countPackets({ each }: WiresRecording): void {
  step("What the wires between the nodes carried meanwhile");
  const counts = each.map((recording, index) => {
    const node = plans[index]?.privateIp ?? "";
    return {
      out: recording.count(`esp and src host ${node}`),
      in: recording.count(`esp and dst host ${node}`),
      clear: recording.count(clearText),
    };
  });
  show(
    table([
      ["", "ESP out", "ESP in", "clear-text packets of pods"],
      ...counts.map((count, index) => [
        `wire of ${plans[index]?.name ?? ""}`,
        `${count.out}`,
        `${count.in}`,
        `${count.clear}`,
      ]),
    ]),
  );
  show(each[0]?.show("esp", 2) ?? "");
  // That many bytes in packets of at most 1,500 bytes
  const least = transferBytes / 1500;
  check(
    "ESP packets passed on both wires, in both directions",
    counts.every((count) => count.out > least && count.in > least),
  );
  check(
    "no packet of a pod passed in clear text",
    counts.every((count) => count.clear === 0),
  );
}

function showKernelState({ node }: Side): void {
  step(`The kernel of ${node.name}, as ip xfrm shows it`);
  const ip = (...words: string[]): string =>
    execFileSync("ip", ["-n", node.namespace.name, "xfrm", ...words], {
      encoding: "utf8",
    });
  const policies = ip("policy");
  const states = ip("state", "list", "nokeys");
  show(policies);
  show(redact(states));
  check(
    "policies in, out and fwd are there",
    ["in", "out", "fwd"].every((way) => policies.includes(`dir ${way} `)),
  );
  // Of what may arrive there is one for the next key, too.
  const ways = new Set(states.match(/^src \S+ dst \S+/gm));
  check("an SA for each way is there", ways.size === 2);
}

/** iproute2 hides keys when asked; an older one may not know how. */
function redact(states: string): string {
  return states.replace(/(rfc4106\(gcm\(aes\)\)) 0x\S+/g, "$1 <key hidden>");
}

async function removePods(sides: readonly Side[]): Promise<void> {
  step("DEL: the pods go, the tunnel stays for the next ones");
  const deleted = await Promise.all(sides.map(({ pod }) => pod.delete()));
  for (const [index, { node, pod }] of sides.entries()) {
    const timings = deleted[index]?.timings ?? [];
    show(`${node.name}  ${timings.map(duration).join("  ")}`);
    const links = pod.namespace.exec("ip", "-o", "link");
    check(
      `${node.name}: the pod has no interface any more`,
      !links.includes("eth0"),
    );
  }
}

function way(from: Side, to: Side): string {
  return `${from.node.cluster} → ${to.node.cluster}`;
}
