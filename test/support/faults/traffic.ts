import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { FaultSite } from "./site.ts";
import { inNode } from "./state.ts";

/** Datagrams from a pod, all the time, and a capture of those that leave the node. */
export interface Traffic extends Disposable {
  /** Ends both; gives how many datagrams to each address left. */
  stop(): Promise<ReadonlyMap<string, number>>;
}

const SENDER = `
import socket, sys, time
families = {True: socket.AF_INET6, False: socket.AF_INET}
sockets = [(socket.socket(families[":" in a], socket.SOCK_DGRAM), a) for a in sys.argv[1:]]
while True:
    for s, a in sockets:
        try: s.sendto(b"clear", (a, 9))
        except OSError: pass
    time.sleep(0.002)
`;

/** Makes the site's first pod send to each of the addresses. The node forwards, as any node of a cluster does. */
export async function startTraffic(
  site: FaultSite,
  addresses: readonly string[],
): Promise<Traffic> {
  wirePod(site);
  const left = new Map(addresses.map((address) => [address, 0]));
  const tcpdump = spawn(
    "nsenter",
    // Else what passes in the last second is lost when it is ended: it reads packets by the block.
    [
      `--net=${site.node.path}`,
      ...["tcpdump", "--immediate-mode", "-nntl", "-i", "cloud", "udp"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  createInterface({ input: tcpdump.stdout }).on("line", (line) => {
    const [, address = ""] = / > (\S+)\.9: /.exec(line) ?? [];
    left.set(address, (left.get(address) ?? 0) + 1);
  });
  await once(tcpdump.stderr, "data"); // it listens
  const path = site.pods[0]!.path;
  const sender = spawn(
    "nsenter",
    [`--net=${path}`, "/usr/bin/python3", "-c", SENDER, ...addresses],
    { stdio: "inherit" },
  );
  const children = [sender, tcpdump];
  return {
    stop: async () => {
      for (const child of children) {
        const ended = once(child, "close");
        child.kill("SIGTERM"); // tcpdump prints what it has
        await ended;
      }
      return left;
    },
    [Symbol.dispose]: () => {
      for (const child of children) child.kill("SIGKILL");
    },
  };
}

/** Addresses and default routes in the pod; beyond the uplink a gateway that takes everything and says nothing. */
function wirePod(site: FaultSite): void {
  const { device, path, addresses } = site.pods[0]!;
  const gateway = "lladdr 02:00:00:00:00:99 nud permanent";
  inNode(
    site,
    `
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    ip neigh replace 172.17.1.1 dev eth0 ${gateway}
    ip neigh replace fd17::1 dev eth0 ${gateway}
    mac=$(ip -oneline link show dev ${device} | sed 's|.*link/ether \\([^ ]*\\).*|\\1|')
    nsenter --net=${path} sh -ec "
      ip link set eth0 up
      ip addr add ${addresses[0]} dev eth0
      ip addr add ${addresses[1]} dev eth0 nodad
      ip neigh add 169.254.1.1 dev eth0 lladdr $mac nud permanent
      ip neigh add fe80::1 dev eth0 lladdr $mac nud permanent
      ip route add default via 169.254.1.1 dev eth0 onlink
      ip -6 route add default via fe80::1 dev eth0 onlink"`,
  );
}
