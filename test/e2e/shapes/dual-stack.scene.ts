/** conf/examples/dual-stack: two clusters with both families, IPv6 pods on an IPv4 node, and a narrow link on the way. */
import { addChain } from "../../support/chain.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { capture } from "../support/capture.ts";
import { runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import {
  addPod,
  callOf,
  mustCrosslink,
  pings,
  shell,
  type ShapePod,
  wirePod,
} from "./actor.ts";
import type { Member } from "./locations.ts";
import { type World, world } from "./world.ts";

/** Between the locations: a pod's packet outside of ESP. */
const clearText =
  "not esp and (net 10.64.0.0/16 or net 10.65.0.0/16 or net 10.66.0.0/16 or net fd00:64::/48 or net fd00:65::/48 or net fd00:66::/48)";

const transferBytes = 10_000_000;

/** Bytes of the narrowest link; and what fits into ESP over it, behind an IPv4 and an IPv6 header. */
const narrow = { link: 1400, over4: 1346, over6: 1326 };

interface Pods {
  readonly a: ShapePod;
  readonly b: ShapePod;
  readonly c: ShapePod;
}

{
  using stack = new DisposableStack();
  const scene = stack.use(world("dual-stack"));
  const recorder = await capture(scene.internet, "any");
  const wire = async (name: string, ...addresses: string[]) => {
    const pod = stack.use(await wirePod(scene.machine(name), ...addresses));
    await mustCrosslink(scene.machine(name), scene, "apply");
    return pod;
  };
  const pods = {
    a: stack.use(await addPod(scene.machine("a-1"), scene)),
    b: await wire("b-1", "10.65.0.5", "fd00:65:0:1::5"),
    // The base CNI gives its pods IPv4 addresses too, which the cluster file leaves out.
    c: await wire("c-1", "10.66.0.5", "fd00:66:0:1::5"),
  };
  await families(pods);
  await unlinkedFamily(scene, pods);
  await absentRouter(scene, pods);
  await narrowPath(scene, pods);
  using recording = await recorder.stop();
  const counts = {
    over4: recording.count("ip proto 50 and not host 192.0.2.66"),
    over6: recording.count("ip6 proto 50"),
    toIpv4Node: recording.count("ip proto 50 and host 192.0.2.66"),
    clear: recording.count(clearText),
  };
  tell(
    "nothing left a location in clear text, and each family had its tunnel",
    counts.over4 > transferBytes / 1500 &&
      counts.over6 > transferBytes / 1500 &&
      counts.toIpv4Node > 4 &&
      counts.clear === 0,
    { ...counts, shown: recording.show(clearText, 3) },
  );
}

function addressesOf({ addresses }: ShapePod): { four: string; six: string } {
  const six = addresses.find((address) => address.includes(":")) ?? "";
  const four = addresses.find((address) => !address.includes(":")) ?? "";
  return { four, six };
}

async function families({ a, b, c }: Pods): Promise<void> {
  const pairs: [string, ShapePod, ShapePod, "four" | "six"][] = [
    ["IPv4 over IPv4", a, b, "four"],
    ["IPv6 over IPv6", a, b, "six"],
    ["IPv6 over IPv4", a, c, "six"],
    ["IPv6 over IPv4, the third side", b, c, "six"],
  ];
  for (const [name, one, other, family] of pairs) {
    const there = await pings(one.namespace, addressesOf(other)[family]);
    const back = await pings(other.namespace, addressesOf(one)[family]);
    tell(name, there && back, { there, back });
  }
}

/** `"ipFamily": "ipv6"`: the pod's IPv4 address is none of the mesh's business, but must not leak. */
async function unlinkedFamily(scene: World, { a, c }: Pods): Promise<void> {
  const policies = await shell(
    scene.machine("c-1").namespace,
    "ip xfrm policy",
  );
  const answered = await pings(c.namespace, addressesOf(a).four);
  tell(
    "ipFamily is honoured: no tunnel for the other family",
    !answered &&
      !policies.includes("10.66.") &&
      policies.includes("src ::/0 dst fd00:64::/48"),
    policies,
  );
}

/** A pod whose router is an address that the host has not: it gets an answer all the same. */
async function absentRouter(scene: World, { c }: Pods): Promise<void> {
  const machine = scene.machine("a-1");
  const router = "fd00:64:0:1::fffe";
  using inside = namespace();
  await shell(
    inside,
    `ip link add eth0 type veth peer name host0 netns ${machine.namespace.name}
    ip link set eth0 up; ip -n ${machine.namespace.name} link set host0 up
    ip addr add fd00:64:0:1::77/128 dev eth0 nodad
    ip route add ${router} dev eth0; ip route add default via ${router}`,
  );
  await addCrosslink(machine, scene, { inside, router });
  const reached = await pings(inside, addressesOf(c).six);
  const proxies = await shell(machine.namespace, "ip -6 neigh show proxy");
  tell(
    "NDP proxy: a pod's router that is nowhere is answered for",
    reached && proxies.includes(`${router} dev host0`),
    { reached, proxies },
  );
}

async function addCrosslink(
  machine: Member,
  scene: World,
  { inside, router }: { inside: Namespace; router: string },
): Promise<void> {
  const call = callOf(machine, scene, inside);
  const plugins = call.conflist.plugins.slice(-1);
  const ips = [
    { address: "fd00:64:0:1::77/128", gateway: router, interface: 1 },
  ];
  const interfaces = [
    { name: "host0" },
    { name: "eth0", sandbox: inside.path },
  ];
  await addChain({
    ...call,
    conflist: { ...call.conflist, plugins },
    precedingResult: { cniVersion: "1.0.0", interfaces, ips },
  });
}

async function narrowPath(scene: World, { a, b }: Pods): Promise<void> {
  await shell(
    scene.router("cloud-b"),
    `ip link set uplink mtu ${narrow.link}
    ip -n ${scene.internet.name} link set location1 mtu ${narrow.link}`,
  );
  const one = scene.machine("a-1");
  const unknown = await mtusOf(one, scene);
  tell(
    "status shows what the device leaves as long as the path is unknown",
    sameMtus(unknown, [1446, 1426, 1446]),
    unknown,
  );
  await transferOver("10 MB over TCP pass a narrow link, IPv4", a, b, "four");
  await transferOver("10 MB over TCP pass a narrow link, IPv6", b, a, "six");
  const datagrams = await sendDatagrams(a.namespace, addressesOf(b).four);
  tell(
    "a UDP datagram that is too big comes back as EMSGSIZE",
    datagrams === `EMSGSIZE ${narrow.over4}`,
    datagrams,
  );
  const words = ["-6", "-n", "-c4", "-i0.2", "-W1", "-Mdo", "-s1370"];
  const big = await runIn(a.namespace, "ping", ...words, addressesOf(b).six);
  tell(
    "an IPv6 packet that is too big is answered with the size that fits",
    new RegExp(`mtu[:=] ?${narrow.over6}`).test(big.stdout + big.stderr),
    big.stdout + big.stderr,
  );
  const learnt = await mtusOf(one, scene);
  tell(
    "status shows what the path leaves once it is known",
    sameMtus(learnt, [narrow.over4, narrow.over6, 1446]),
    learnt,
  );
}

async function transferOver(
  name: string,
  from: ShapePod,
  to: ShapePod,
  family: "four" | "six",
): Promise<void> {
  const sent = await transfer(from.namespace, to.namespace, {
    address: addressesOf(to)[family],
    bytes: transferBytes,
  });
  tell(
    name,
    sent.intact &&
      sent.bytes === transferBytes &&
      sent.source === addressesOf(from)[family],
    sent,
  );
}

/** Toward b-1 by IPv4 and by IPv6, and toward c-1. */
async function mtusOf(machine: Member, scene: World): Promise<unknown[]> {
  const text = await mustCrosslink(machine, scene, "status", "--json");
  const { peers } = JSON.parse(text) as {
    peers: { node: string; endpoint: string; mtu: number }[];
  };
  const mtuOf = (endpoint: string): unknown =>
    peers.find((peer) => peer.endpoint === endpoint)?.mtu;
  return ["198.51.100.9", "2001:db8:b::9", "192.0.2.66"].map(mtuOf);
}

function sameMtus(found: unknown[], wanted: number[]): boolean {
  return found.join() === wanted.join();
}

/** A socket with IP_MTU_DISCOVER (10) at IP_PMTUDISC_DO (2) sends 1,400 bytes until it is told that they don't fit, then asks IP_MTU (14). */
async function sendDatagrams(
  { name }: Namespace,
  address: string,
): Promise<string> {
  const program = `
    socket(S, PF_INET, SOCK_DGRAM, 0); setsockopt(S, 0, 10, pack("i", 2));
    connect(S, sockaddr_in(7001, inet_aton("${address}")));
    for (1..20) {
      if (!defined send(S, "x" x 1400, 0) && $!{EMSGSIZE}) {
        print "EMSGSIZE ", unpack("i", getsockopt(S, 0, 14)); exit;
      }
      select(undef, undef, undef, 0.1);
    }
    print "no answer";`;
  const ran = await runIn(
    { name },
    "perl",
    "-MSocket",
    "-MErrno",
    "-e",
    program,
  );
  return ran.stdout + ran.stderr;
}
