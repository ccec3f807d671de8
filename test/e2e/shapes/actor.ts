/** What the scenes of shapes do on their machines. */
import { join } from "node:path";
import {
  addChain,
  type ChainCall,
  type Conflist,
} from "../../support/chain.ts";
import { type Ended, printedBy } from "../../support/binary.ts";
import {
  type Namespace,
  type Place,
  namespace,
} from "../../support/namespace.ts";
import { crosslinkWords, mustRunIn, runIn } from "../support/command.ts";
import { callFor, crosslinkPlugin } from "../support/pod.ts";
import type { Member } from "./locations.ts";
import type { World } from "./world.ts";

/** A pod with its addresses, the first of each family. */
export interface ShapePod extends Disposable {
  readonly namespace: Namespace;
  readonly addresses: readonly string[];
}

/** A pod's first address. */
export function addressOf({ addresses: [first = ""] }: ShapePod): string {
  return first;
}

/** ADD by the reference plugins and dist/crosslink, with a masquerade of what leaves the node. */
export async function addPod(machine: Member, world: World): Promise<ShapePod> {
  const inside = namespace();
  const { result } = await addChain(callOf(machine, world, inside));
  const { ips } = result as { ips: { address: string }[] };
  const addresses = ips.map(({ address }) => address.replace(/\/.*/, ""));
  return podOf(inside, addresses);
}

/** A runtime's call for a pod: ptp and host-local with masquerade, then crosslink. */
export function callOf(
  machine: Member,
  world: World,
  inside: Namespace,
): ChainCall {
  return callFor(inside, machine, world, conflistOf(machine));
}

function podOf(inside: Namespace, addresses: readonly string[]): ShapePod {
  const dispose = (): void => {
    inside[Symbol.dispose]();
  };
  return { namespace: inside, addresses, [Symbol.dispose]: dispose };
}

function conflistOf(member: Member): Conflist {
  const { entry, folder } = member;
  const subnets = entry.podCIDRs ?? [];
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
      crosslinkPlugin(member),
    ],
  };
}

/** A pod that was there before crosslink came, wired by hand as Calico does it, with an address of each family at most. */
export async function wirePod(
  { namespace: { name: node } }: Member,
  ...addresses: string[]
): Promise<ShapePod> {
  const inside = namespace();
  await shell(
    inside,
    `ip link add eth0 type veth peer name cali0 netns ${node}
    ip link set eth0 up
    ip -n ${node} link set cali0 up
    ip -n ${node} addr add fe80::1/64 dev cali0 nodad
    ip netns exec ${node} sysctl -qw net.ipv4.conf.cali0.proxy_arp=1
    ${addresses.map((address) => addressLines(address, node)).join("\n")}`,
  );
  return podOf(inside, addresses);
}

function addressLines(address: string, node: string): string {
  return address.includes(":")
    ? `ip addr add ${address}/128 dev eth0 nodad
      ip -6 route add default via fe80::1 dev eth0
      ip -n ${node} route add ${address} dev cali0`
    : `ip addr add ${address}/32 dev eth0
      ip route add 169.254.1.1 dev eth0 scope link
      ip route add default via 169.254.1.1
      ip -n ${node} route add ${address} dev cali0`;
}

/** A command of dist/crosslink on a machine, on its own files. */
export function crosslink(
  machine: Member,
  { path }: World,
  ...words: string[]
): Promise<Ended> {
  const typed = crosslinkWords(machine, ...words);
  return runIn(machine.namespace, "env", `PATH=${path}`, ...typed);
}

/** The same; what it printed. Throws when it fails. */
export async function mustCrosslink(
  machine: Member,
  world: World,
  ...words: string[]
): Promise<string> {
  const typed = ["crosslink", ...words, "on", machine.name];
  return printedBy(await crosslink(machine, world, ...words), typed);
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
  return mustRunIn(place, "sh", "-ec", script);
}
