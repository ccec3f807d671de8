/** conf/examples/gateways: a cluster with two gateways and leaves on both sides of a router, a p2p one, a third one. */
import { type Capture, capture } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import {
  addPod,
  addressOf,
  mustCrosslink,
  pings,
  shell,
  type ShapePod,
  wirePod,
} from "./actor.ts";
import { clearText } from "./clear-text.ts";
import { sendForged } from "./forged.ts";
import { failOver, nothingPasses, standingBy } from "./standby.ts";
import { type World, world } from "./world.ts";

type Pods = Readonly<Record<PodName, ShapePod>>;
type PodName = "edge" | "gateway-1" | "worker-1" | "worker-2" | "campus-worker";

{
  using stack = new DisposableStack();
  const scene = stack.use(world("gateways"));
  const between = await capture(scene.internet, "any");
  const inside = await Promise.all(
    ["headquarters", "campus"].map((location) =>
      capture(scene.router(location), "any"),
    ),
  );
  const pods = await startPods(scene, stack);
  await threeClusters(pods);
  await leaves(scene, pods);
  await services(scene, pods);
  await nobody(scene, pods);
  await hostNetwork(scene, pods);
  const ends = { edge: pods.edge, leaf: pods["worker-2"] };
  await standingBy(scene);
  await nothingPasses(scene, ends);
  await failOver(scene, ends);
  await secondGateway(pods);
  await allEncrypted("nothing left a location in clear text", [between]);
  await allEncrypted(
    "nothing passed between a cluster's nodes in clear text",
    inside,
  );
  await writers(scene, pods);
  await withoutCrosslink(scene, pods);
}

async function allEncrypted(
  name: string,
  captures: readonly Capture[],
): Promise<void> {
  const seen = [];
  for (const recorder of captures) {
    using recording = await recorder.stop();
    seen.push({
      esp: recording.count("esp"),
      clear: recording.count(clearText),
      shown: recording.show(clearText, 3),
    });
  }
  tell(
    name,
    seen.every(({ esp, clear }) => esp > 20 && clear === 0),
    seen,
  );
}

/** Two by a runtime's ADD, whose nodes it links; the others' nodes by `apply`. */
async function startPods(scene: World, stack: DisposableStack): Promise<Pods> {
  const wire = async (name: string, address: string): Promise<ShapePod> => {
    const pod = stack.use(await wirePod(scene.machine(name), address));
    await mustCrosslink(scene.machine(name), scene, "apply");
    return pod;
  };
  const add = async (name: string): Promise<ShapePod> =>
    stack.use(await addPod(scene.machine(name), scene));
  await mustCrosslink(scene.machine("campus-gateway"), scene, "apply");
  return {
    edge: await add("edge"),
    "worker-2": await add("worker-2"),
    "gateway-1": await wire("gateway-1", "10.244.1.5"),
    "worker-1": await wire("worker-1", "10.244.3.5"),
    "campus-worker": await wire("campus-worker", "10.45.1.5"),
  };
}

async function threeClusters(pods: Pods): Promise<void> {
  const pairs: [string, PodName, PodName][] = [
    ["p2p and gateway", "edge", "gateway-1"],
    ["p2p and a leaf on the gateway's link", "edge", "worker-1"],
    ["p2p and a leaf behind a router", "edge", "worker-2"],
    ["gateway and gateway, leaf to leaf", "campus-worker", "worker-2"],
    ["the third side of the mesh", "campus-worker", "edge"],
  ];
  for (const [name, one, other] of pairs)
    await bothWays(name, pods[one], pods[other]);
  const sent = await transfer(pods["worker-2"].namespace, pods.edge.namespace, {
    address: addressOf(pods.edge),
    bytes: 300_000,
  });
  tell(
    "a leaf's source address is kept",
    sent.intact && sent.source === addressOf(pods["worker-2"]),
    sent,
  );
}

async function bothWays(
  name: string,
  one: ShapePod,
  other: ShapePod,
): Promise<void> {
  const there = await pings(one.namespace, addressOf(other));
  const back = await pings(other.namespace, addressOf(one));
  tell(name, there && back, { there, back });
}

/** What a leaf has, and what becomes of its packets without it. */
async function leaves(scene: World, pods: Pods): Promise<void> {
  const leaf = scene.machine("worker-2").namespace;
  const states = await shell(leaf, "ip xfrm state");
  const peers = new Set(
    [...states.matchAll(/^src (\S+) dst (\S+)/gm)].flatMap(
      ([, ...ends]) => ends,
    ),
  );
  tell(
    "a leaf's peers are its gateways",
    [...peers].sort().join() === "192.168.1.11,192.168.1.12,192.168.7.22",
    states,
  );
  const gateway = scene.machine("gateway-1").namespace;
  const reached = (): Promise<boolean> =>
    pings(pods.edge.namespace, addressOf(pods["worker-2"]));
  const removed = await shell(
    gateway,
    "ip xfrm state deleteall dst 192.168.7.22; ip -o xfrm state list dst 192.168.7.22",
  );
  const without = await reached();
  await mustCrosslink(scene.machine("gateway-1"), scene, "apply");
  await shell(
    gateway,
    "ip xfrm policy delete src 10.42.0.0/16 dst 10.244.4.0/24 dir out",
  );
  const unprotected = await reached();
  await mustCrosslink(scene.machine("gateway-1"), scene, "apply");
  const again = await reached();
  tell(
    "a gateway without a leg's SA or policy drops what goes there",
    !without && !unprotected && again,
    {
      removed,
      without,
      unprotected,
      again,
    },
  );
}

/** Who is inside of the cluster's network, and would write into the mesh: a pod, and a node without crosslink. */
async function writers(scene: World, pods: Pods): Promise<void> {
  const targets = (["edge", "gateway-2", "worker-2"] as const).map((name) =>
    name === "gateway-2" ? scene.machine(name).namespace : pods[name].namespace,
  );
  const recorders = await Promise.all(
    targets.map((target) => capture(target, "eth0")),
  );
  const remote = "10.42.0.9";
  for (const name of ["gateway-2", "worker-1", "worker-2"]) {
    const [node] = scene.machine(name).entry.ips;
    for (const destination of [
      addressOf(pods["worker-2"]),
      addressOf(pods.edge),
    ])
      await sendForged(pods["worker-1"].namespace, {
        node,
        source: remote,
        destination,
      });
  }
  await mustCrosslink(scene.machine("worker-1"), scene, "teardown");
  const stray = scene.machine("worker-1").namespace;
  await shell(
    stray,
    `ip addr add ${remote}/32 dev lo
    ip route add 10.42.0.0/16 via 192.168.1.12
    ip route add ${addressOf(pods["worker-2"])} via 192.168.1.1
    ip -n ${scene.router("headquarters").name} route add ${addressOf(pods["worker-2"])} via 192.168.7.22`,
  );
  await pings(stray, addressOf(pods["worker-2"]), "-I", remote);
  await pings(pods["worker-1"].namespace, addressOf(pods.edge));
  const arrived = [];
  for (const recorder of recorders) {
    using recording = await recorder.stop();
    arrived.push(
      recording.count(
        "icmp[icmptype] = icmp-echo and not src net 192.168.0.0/16",
      ),
    );
  }
  // The second is the gateway's own uplink, which shows that the packets were sent.
  tell(
    "nobody inside of the cluster's network writes into the mesh",
    arrived[0] === 0 && arrived[2] === 0 && arrived[1]! > 0,
    arrived,
  );
}

/** Like kube-proxy on the gateway, for a service whose pod is on a leaf. */
async function services(scene: World, pods: Pods): Promise<void> {
  const rule = `-t nat -A PREROUTING -d 10.96.0.10 -j DNAT --to ${addressOf(pods["worker-2"])}`;
  const gateway = scene.machine("gateway-1").namespace;
  const before = await pings(pods.edge.namespace, "10.96.0.10");
  await shell(gateway, `iptables-legacy ${rule}`);
  const after = await pings(pods.edge.namespace, "10.96.0.10");
  const third = await pings(pods["campus-worker"].namespace, "10.96.0.10");
  tell(
    "a service of another cluster answers once its gateway serves it",
    !before && after && third,
    { before, after, third },
  );
}

/** A pod that has gone, or never was: its packets arrive, and must not go on by the default route, decrypted. */
async function nobody(scene: World, pods: Pods): Promise<void> {
  const arrived = async (): Promise<number> => {
    const { namespace } = scene.machine("edge");
    const states = await shell(namespace, "ip -s xfrm state");
    const counts = [...states.matchAll(/(\d+)\(packets\)/g)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await arrived();
  const answered = await pings(pods["campus-worker"].namespace, "10.42.0.77");
  const after = await arrived();
  tell(
    "packets for a pod that is not there reach its node, and end there",
    !answered && after > before,
    { answered, before, after },
  );
}

/** The node's own address, and a socket that asks for none. */
async function hostNetwork(scene: World, pods: Pods): Promise<void> {
  const far = addressOf(pods["gateway-1"]);
  const edge = scene.machine("edge").namespace;
  const gateway = scene.machine("gateway-1").namespace;
  const answered = [
    await pings(edge, far),
    await pings(edge, far, "-I", "192.168.2.10"),
    await pings(gateway, addressOf(pods.edge)),
  ];
  const counters = await shell(edge, "cat /proc/net/xfrm_stat");
  const [, blocked] = /XfrmOutPolBlock\s+(\d+)/.exec(counters) ?? [];
  tell(
    "a node's own packets to remote pods are blocked",
    !answered.includes(true) && Number(blocked) >= 2,
    { answered, blocked },
  );
}

/** The first one has come back, and is a leaf. */
async function secondGateway(pods: Pods): Promise<void> {
  await bothWays(
    "the second gateway, with a leaf behind a router",
    pods.edge,
    pods["worker-2"],
  );
  await bothWays(
    "the second gateway, with the first one as a leaf",
    pods.edge,
    pods["gateway-1"],
  );
}

/** Shows that the capture would have seen clear text. */
async function withoutCrosslink(scene: World, pods: Pods): Promise<void> {
  const recorder = await capture(scene.internet, "any");
  await mustCrosslink(scene.machine("edge"), scene, "teardown");
  const edge = scene.machine("edge").namespace;
  await shell(edge, "iptables-legacy -t nat -F POSTROUTING");
  const far = addressOf(pods["gateway-1"]);
  await pings(pods.edge.namespace, far, "-c3", "-i0.2");
  using recording = await recorder.stop();
  tell(
    "the capture sees clear text where there is some",
    recording.count(clearText) > 0,
    recording.show("not esp", 20),
  );
}
