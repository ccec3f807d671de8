/** conf/examples/office-lan: pods and an office's computers talk as they are, by static routes on the office's router. */
import { rmSync } from "node:fs";
import { namespace } from "../../support/namespace.ts";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import { addPod, mustCrosslink, pings, shell } from "./actor.ts";
import { world } from "./world.ts";

/** A computer of the office. */
const desk = "192.168.10.5";

using stack = new DisposableStack();
const scene = stack.use(world("office-lan"));
const development = scene.machine("dev-1");
const router = scene.machine("office-router").namespace;
const computer = stack.use(namespace());
await shell(
  computer,
  `ip link add eth0 type veth peer name lan netns ${router.name}
  ip link set eth0 up; ip addr add ${desk}/24 dev eth0
  ip route add default via 192.168.10.1
  ip -n ${router.name} link set lan up
  ip -n ${router.name} addr add 192.168.10.1/24 dev lan
  ip netns exec ${router.name} sysctl -qw net.ipv4.ip_forward=1`,
);
// Nobody here encrypts.
rmSync(development.keyring);

const pod = stack.use(await addPod(development, scene));
const [address = ""] = pod.addresses;
const xfrm = await shell(
  development.namespace,
  "ip xfrm state; ip xfrm policy",
);
tell("toward a plain network there is no xfrm", xfrm.trim() === "", xfrm);

const routes = (...words: string[]): Promise<string> =>
  mustCrosslink(development, scene, "routes", ...words);
const words = {
  ip: await routes(),
  cisco: await routes("--for", "cisco"),
  mikrotik: await routes("--for", "mikrotik"),
};
tell(
  "routes speaks ip route, Cisco and MikroTik",
  words.ip.includes("ip route replace 10.21.69.192/26 via 10.20.1.24\n") &&
    words.cisco.includes(
      "ip route 10.21.69.192 255.255.255.192 10.20.1.24\n",
    ) &&
    words.mikrotik.includes(
      "/ip route add dst-address=10.21.69.192/26 gateway=10.20.1.24 ",
    ),
  words,
);

const before = await pings(computer, address);
await shell(router, words.ip);
const after = await pings(computer, address);
tell(
  "the office reaches pods once its router has run those lines",
  !before && after,
  { before, after },
);

const sent = await transfer(pod.namespace, computer, {
  address: desk,
  bytes: 1000,
});
tell(
  "the office sees the pod's own address",
  sent.intact && sent.source === address,
  sent,
);
const other = await transfer(pod.namespace, scene.router("development"), {
  address: "10.20.1.1",
  bytes: 1000,
});
tell(
  "everybody else sees the node's address, as before",
  other.source === "10.20.1.24",
  other,
);

await mustCrosslink(development, scene, "teardown");
const left = await shell(
  development.namespace,
  "ip route; iptables-legacy -t nat -S",
);
tell(
  "teardown takes route and exemption along",
  !/proto 88|crosslink/.test(left),
  left,
);
