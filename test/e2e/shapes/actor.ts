/** What the scenes of shapes do on their machines. */
import { join } from "node:path";
import {
  addChain,
  type ChainCall,
  type Conflist,
} from "../../support/chain.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";
import { type Ended, mustRunIn, runIn } from "../support/command.ts";
import { dist } from "../support/pod.ts";
import type { Place } from "../support/topology.ts";
import type { Machine } from "./sites.ts";
import type { World } from "./world.ts";

/** A pod with its addresses, the first of each family. */
export interface ShapePod extends Disposable {
  readonly namespace: Namespace;
  readonly addresses: readonly string[];
}

/** ADD by the reference plugins and dist/crosslink, with a masquerade of what leaves the node. */
export async function addPod(
  machine: Machine,
  { path }: World,
  subnets: readonly string[] = machine.entry.podCIDRs ?? [],
): Promise<ShapePod> {
  const inside = namespace();
  const call: ChainCall = {
    conflist: conflistOf(machine, subnets),
    containerId: inside.name,
    netns: inside.path,
    ifname: "eth0",
    cniPath: ["/usr/lib/cni", dist],
    node: machine.namespace.name,
    environment: { PATH: path },
  };
  const { result } = await addChain(call);
  const { ips } = result as { ips: { address: string }[] };
  const addresses = ips.map(({ address }) => address.replace(/\/.*/, ""));
  return podOf(inside, addresses);
}

function podOf(inside: Namespace, addresses: readonly string[]): ShapePod {
  const dispose = (): void => {
    inside[Symbol.dispose]();
  };
  return { namespace: inside, addresses, [Symbol.dispose]: dispose };
}

function conflistOf(
  { folder, name }: Machine,
  subnets: readonly string[],
): Conflist {
  const defaults = subnets.map((subnet) => ({
    dst: subnet.includes(":") ? "::/0" : "0.0.0.0/0",
  }));
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: true,
        ipam: {
          type: "host-local",
          dataDir: join(folder, "host-local"),
          ranges: subnets.map((subnet) => [{ subnet }]),
          routes: defaults,
        },
      },
      {
        type: "crosslink",
        clustersDir: join(folder, "clusters.d"),
        keyring: join(folder, "keyring.json"),
        node: name,
      },
    ],
  };
}

/** A pod that was there before crosslink came, wired by hand as Calico does it; `apply` then links its node. */
export async function wirePod(
  { namespace: { name: node } }: Machine,
  address: string,
): Promise<ShapePod> {
  const inside = namespace();
  await shell(
    inside,
    `ip link add eth0 type veth peer name cali0 netns ${node}
    ip link set eth0 up
    ip addr add ${address}/32 dev eth0
    ip route add 169.254.1.1 dev eth0 scope link
    ip route add default via 169.254.1.1
    ip -n ${node} link set cali0 up
    ip -n ${node} route add ${address} dev cali0
    ip netns exec ${node} sysctl -qw net.ipv4.conf.cali0.proxy_arp=1`,
  );
  return podOf(inside, [address]);
}

/** A command of dist/crosslink on a machine, on its own files. */
export function crosslink(
  { namespace, folder, name }: Machine,
  { path }: World,
  ...words: string[]
): Promise<Ended> {
  return runIn(
    namespace,
    "env",
    `PATH=${path}`,
    join(dist, "crosslink"),
    ...words,
    ...["--clusters", join(folder, "clusters.d")],
    ...["--keyring", join(folder, "keyring.json")],
    ...["--node", name],
  );
}

/** The same; what it printed. Throws when it fails. */
export async function mustCrosslink(
  machine: Machine,
  world: World,
  ...words: string[]
): Promise<string> {
  const { status, stdout, stderr } = await crosslink(machine, world, ...words);
  if (status === 0) return stdout;
  throw new Error(
    `Cannot run "crosslink ${words.join(" ")}" on ${machine.name}: exit code ${status}: ${stderr}`,
  );
}

/** Whether an answer to a ping comes. */
export async function pings(
  { name }: Place,
  address: string,
  ...more: string[]
): Promise<boolean> {
  const words = ["-q", "-n", "-c1", "-W1", ...more, address];
  return (await runIn({ name }, "ping", ...words)).status === 0;
}

/** A shell script on a machine; what it printed. */
export function shell(place: Place, script: string): Promise<string> {
  return mustRunIn(place, "bash", "--norc", "-ec", script);
}
