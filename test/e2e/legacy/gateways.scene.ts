/** conf/examples/gateways on kernels without nf_tables, in a network that would carry clear text all the way. */
import {
  addPod,
  addressOf,
  mustCrosslink,
  shell,
  type ShapePod,
} from "../shapes/actor.ts";
import { clearText } from "../shapes/clear-text.ts";
import { type World, world } from "../shapes/world.ts";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import { loadNothing } from "./modules.ts";
import { type Passed, recordRounds, type Rounds, type Seen } from "./rounds.ts";

/** A node of each kind, in the order in which the fence is taken from them. */
const NODES = ["edge", "gateway-1", "worker-1"] as const;
const [EDGE, GATEWAY, LEAF] = NODES;

const WITHOUT = {
  rules: "iptables-legacy -t mangle -F; iptables-legacy -t raw -F",
  policies: "ip xfrm state flush; ip xfrm policy flush",
} as const;

type LayerName = keyof typeof WITHOUT;
const LAYER_NAMES: readonly LayerName[] = ["rules", "policies"];

interface Layer {
  /** Leaves this layer, and nothing else that could stop a packet or encrypt it. */
  readonly isolate: string;
  /** Takes from the layer what keeps a packet from coming in. */
  readonly letIn: string;
}

const LAYERS: Readonly<Record<LayerName, Layer>> = {
  rules: { isolate: WITHOUT.policies, letIn: "iptables-legacy -t raw -F" },
  policies: {
    // Those that block are not `allow`.
    isolate: `${WITHOUT.rules}; ip xfrm state flush; ip xfrm policy deleteall action allow`,
    letIn: "ip xfrm policy deleteall dir fwd",
  },
};
/** Wires between nodes. */
const BETWEEN = ["internet", "gateway", "leaf"] as const;

interface Ends {
  readonly edge: ShapePod;
  readonly leaf: ShapePod;
}

loadNothing();
{
  using stack = new DisposableStack();
  const scene = stack.use(world("gateways"));
  await carryClearText(scene);
  await mustCrosslink(scene.machine(GATEWAY), scene, "apply");
  const ends = {
    edge: stack.use(await addPod(scene.machine(EDGE), scene)),
    leaf: stack.use(await addPod(scene.machine(LEAF), scene)),
  };
  await lookAround(scene);
  const rounds = await recordAll(scene, ends);
  await rounds.round("linked");
  const source = await sourceSeen(ends);
  for (const layer of LAYER_NAMES) await openNodes(scene, rounds, layer);
  const passed = await rounds.stop();
  tellLinked(passed, ends, source);
  for (const layer of LAYER_NAMES) tellOf(layer, passed, ends);
  await teardown(scene);
}

/** A network that routes pods' addresses: what a node lets go in clear text arrives. */
async function carryClearText(scene: World): Promise<void> {
  const toLeaf = "10.244.3.0/24";
  const toEdge = "10.42.0.0/16";
  await shell(
    scene.internet,
    `via() { ip route get "$1" | sed -n 's/.* via \\([^ ]*\\) .*/\\1/p'; }
    ip route add ${toEdge} via $(via 198.51.100.20)
    ip route add ${toLeaf} via $(via 203.0.113.11)
    ip -n ${scene.router("branch").name} route add ${toEdge} via 192.168.2.10
    ip -n ${scene.router("headquarters").name} route add ${toLeaf} via 192.168.1.11
    ip -n ${scene.machine(GATEWAY).namespace.name} route add ${toLeaf} via 192.168.1.21
    ip -n ${scene.machine(LEAF).namespace.name} route add ${toEdge} via 192.168.1.11`,
  );
}

async function lookAround(scene: World): Promise<void> {
  const { namespace } = scene.machine(GATEWAY);
  const rules = await shell(namespace, "iptables-legacy-save");
  tell(
    "a gateway's fence stands in legacy iptables, with its leaves",
    [
      "-A PREROUTING -s 10.42.0.0/16 -m policy --dir in --pol none",
      "-A POSTROUTING -d 10.42.0.0/16 -m policy --dir out --pol none",
      "-A crosslink-leaves -d 10.244.3.0/24 -m policy --dir out --pol none",
    ].every((rule) => rules.includes(rule)),
    rules,
  );
}

/** The pods to each other, and the gateway itself to the remote one. */
function recordAll(scene: World, { edge, leaf }: Ends): Promise<Rounds> {
  // A node's own end of a cable shows what came decrypted, too.
  const router = scene.router("headquarters");
  return recordRounds(
    {
      internet: [scene.internet, "any"],
      gateway: [router, GATEWAY],
      leaf: [router, LEAF],
      "leaf's pod": [leaf.namespace, "eth0"],
    },
    [
      { from: edge.namespace, to: addressOf(leaf) },
      { from: leaf.namespace, to: addressOf(edge) },
      { from: scene.machine(GATEWAY).namespace, to: addressOf(edge) },
    ],
  );
}

async function sourceSeen({ edge, leaf }: Ends): Promise<string> {
  const { source } = await transfer(leaf.namespace, edge.namespace, {
    address: addressOf(edge),
    bytes: 100_000,
  });
  return source;
}

/** One layer is left on all nodes, then neither on the first, and so on; `apply` mends all. */
async function openNodes(
  scene: World,
  { round }: Rounds,
  layer: LayerName,
): Promise<void> {
  const { isolate, letIn } = LAYERS[layer];
  const on = (node: string, script: string): Promise<string> =>
    shell(scene.machine(node).namespace, script);
  await Promise.all(NODES.map((node) => on(node, isolate)));
  await round(`${layer} alone`);
  for (const node of NODES) {
    if (node === GATEWAY) {
      await on(node, letIn);
      await round(`${layer}: let in`);
    }
    await on(node, `${WITHOUT.rules}; ${WITHOUT.policies}`);
    await round(`${layer}: ${node} open`);
  }
  for (const node of NODES)
    await mustCrosslink(scene.machine(node), scene, "apply");
  await round(`${layer}: mended`);
}

function tellLinked(passed: Passed, ends: Ends, source: string): void {
  const seen = passed.during("linked");
  const clear = BETWEEN.map((wire) =>
    passed.count(wire, `tcp and ${clearText}`),
  );
  const legs = ["192.168.1.21", "198.51.100.20"].map((far) =>
    passed.count("gateway", `esp and host ${far}`),
  );
  tell(
    "pods of a leaf and of another cluster reach each other by two legs of ESP",
    isEncrypted(seen) &&
      clear.every((count) => count === 0) &&
      legs.every((count) => count > 20),
    { seen, clear, legs },
  );
  tell(
    "each sees the other's own address",
    source === addressOf(ends.leaf) &&
      seen.clear["leaf's pod"]?.includes(toLeaf(ends)) === true,
    { source, seen },
  );
}

function tellOf(layer: LayerName, passed: Passed, ends: Ends): void {
  const during = (step: string): Seen => passed.during(`${layer}${step}`);
  const alone = during(" alone");
  tell(
    `${layer} alone: no node sends in clear text`,
    alone.answered.join() === "false,false,false" && isShut(alone),
    alone,
  );
  const [taken, letIn, handedOn, open] = [
    `: ${EDGE} open`,
    ": let in",
    `: ${GATEWAY} open`,
    `: ${LEAF} open`,
  ].map(during) as [Seen, Seen, Seen, Seen];
  // It reached each wire as far as the node that is looked at, and nothing else passed there.
  const isOnly = ({ clear }: Seen, wire: string): boolean =>
    clear[wire]?.join() === toLeaf(ends);
  const isHere = ({ clear }: Seen, wire: string): boolean =>
    clear[wire]?.includes(toLeaf(ends)) === true;
  tell(
    `${layer} alone: a gateway takes nothing that comes in clear text`,
    isOnly(taken, "gateway") && !isHere(taken, "leaf"),
    taken,
  );
  tell(
    `${layer} alone: a gateway hands on nothing in clear text that came in`,
    isOnly(letIn, "gateway") && !isHere(letIn, "leaf"),
    letIn,
  );
  tell(
    `${layer} alone: a leaf takes and sends nothing in clear text`,
    isOnly(handedOn, "leaf") && !isHere(handedOn, "leaf's pod"),
    handedOn,
  );
  tell(
    `${layer} gone as well: clear text is seen, and answered`,
    isHere(open, "leaf's pod") && open.answered.join() === "true,true,true",
    open,
  );
  const mended = during(": mended");
  tell(`${layer}: apply brings all of it back`, isEncrypted(mended), mended);
}

/** As tcpdump says it. */
function toLeaf({ edge, leaf }: Ends): string {
  return `${addressOf(edge)} > ${addressOf(leaf)}`;
}

/** Both pods are answered, and no wire saw what they said; the gateway itself is not answered. */
function isEncrypted(seen: Seen): boolean {
  return seen.answered.join() === "true,true,false" && isShut(seen);
}

function isShut({ clear }: Seen): boolean {
  return BETWEEN.every((wire) => clear[wire]?.length === 0);
}

async function teardown(scene: World): Promise<void> {
  const left: string[] = [];
  for (const node of NODES) {
    await mustCrosslink(scene.machine(node), scene, "teardown");
    const { namespace } = scene.machine(node);
    left.push(
      await shell(
        namespace,
        "ip xfrm policy; ip xfrm state; ip route show table all proto 88; iptables-legacy-save | grep crosslink || true",
      ),
    );
  }
  tell(
    "teardown leaves nothing of ours",
    left.every((text) => text === ""),
    left,
  );
}
