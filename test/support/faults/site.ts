import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Namespace, namespace } from "../namespace.ts";
import {
  filesFolder,
  networkConfig,
  type NodeFiles,
  nodeFiles,
  oneKey,
} from "../node-files.ts";
import { ownState } from "../own-state.ts";

/** A pod as its base plugin left it: a veth pair, its end on the node up. */
export interface FaultPod {
  readonly containerId: string;
  /** Of its network namespace. */
  readonly path: string;
  /** The pair's end on the node. */
  readonly device: string;
  /** With prefix lengths, IPv4 first. */
  readonly addresses: readonly [string, string];
}

/** A node with pods, in namespaces of their own, and its files. */
export interface FaultSite extends NodeFiles, Disposable {
  readonly node: Namespace;
  /** Words before a program that is to run on the node: in its network, with a /run/crosslink and a /var/lib/crosslink of its own. */
  readonly inside: readonly string[];
  readonly pods: readonly FaultPod[];
}

let made = 0;

/**
 * Makes a node (172.17.1.2/24 and fd17::2/64 on eth0, which leads nowhere) with so many pods. Its clusters folder holds the
 * node's own cluster; `remote` is the other one's file, a network in the clear unless said otherwise.
 */
export function faultSite(
  pods: number,
  remote: object = plainNetwork,
): FaultSite {
  const node = namespace();
  const prefix = `${node.name}-f${made++}-`;
  const files = nodeFiles(filesFolder());
  const state = ownState();
  const site: FaultSite = {
    ...files,
    node,
    inside: ["nsenter", `--net=${node.path}`, state.option],
    pods: Array.from({ length: pods }, (_, index) => podOf(prefix, index)),
    [Symbol.dispose]: () => {
      state[Symbol.dispose]();
      removeAll(prefix);
      node[Symbol.dispose]();
      rmSync(files.folder, { recursive: true, force: true });
    },
  };
  try {
    wire(site);
  } catch (error) {
    site[Symbol.dispose]();
    throw error;
  }
  site.writeCluster("a", ownCluster);
  site.writeCluster("b", remote);
  site.writeKeyring(oneKey());
  return site;
}

/** The node's own cluster. */
export const ownCluster = {
  podCIDRs: ["10.0.0.0/16", "fd0a::/64"],
  nodes: [{ name: "node1", ips: ["172.17.1.2", "fd17::2"] }],
};

/** A remote network that is reached in the clear: all of ADD happens, on every kernel. */
export const plainNetwork = {
  encryption: "none",
  podCIDRs: ["10.1.0.0/16", "10.2.0.0/16", "fd0b::/64"],
  nodes: [{ name: "node2", ips: ["172.17.2.2", "fd18::2"] }],
};

/** A remote cluster behind IPsec. On a kernel without ESP, ADD goes as far as the block policies. */
export const encryptedCluster = {
  podCIDRs: ["10.1.0.0/16", "10.2.0.0/16", "fd0b::/64"],
  nodes: [{ name: "node2", ips: ["172.17.2.2", "fd18::2"] }],
};

/** Where the node's files are. */
export type SiteFiles = Pick<NodeFiles, "folder" | "clustersDir" | "keyring">;

/** What the pod's base plugin would have given: the configuration that a runtime pipes into crosslink. */
export function configuration(
  site: SiteFiles,
  pod: FaultPod | undefined,
  more: object = {},
): object {
  return networkConfig(site, {
    logFile: join(site.folder, "crosslink.log"),
    node: "node1",
    ...(pod === undefined ? {} : { prevResult: prevResult(pod) }),
    ...more,
  });
}

/** The result of the plugin before crosslink. */
export function prevResult(pod: FaultPod): object {
  return {
    cniVersion: "1.1.0",
    interfaces: [{ name: pod.device }, { name: "eth0", sandbox: pod.path }],
    ips: pod.addresses.map((address) => ({ address, interface: 1 })),
    dns: {},
  };
}

function podOf(prefix: string, index: number): FaultPod {
  const name = `${prefix}${index}`;
  const host = index + 2;
  return {
    containerId: name,
    path: `/var/run/netns/${name}`,
    device: `v${index}`,
    addresses: [
      `10.0.${host >> 8}.${host & 0xff}/32`,
      `fd0a::${host.toString(16)}/128`,
    ],
  };
}

/** One `ip -batch` for all: a program a pod would take longer than the tests themselves. */
function wire({ node, pods }: FaultSite): void {
  ip(
    [],
    pods.map(({ containerId }) => `netns add ${containerId}`),
  );
  ip(
    ["-n", node.name],
    [
      "link add eth0 type veth peer name cloud",
      "link set eth0 up",
      "link set cloud up",
      "address add 172.17.1.2/24 dev eth0",
      "address add fd17::2/64 dev eth0 nodad",
      "route add default via 172.17.1.1",
      "route add default via fd17::1",
      ...pods.flatMap(({ containerId, device }) => [
        `link add ${device} type veth peer name eth0 netns ${containerId}`,
        `link set ${device} up`,
      ]),
    ],
  );
}

function ip(options: readonly string[], lines: readonly string[]): void {
  execFileSync("ip", [...options, "-batch", "-"], { input: lines.join("\n") });
}

/** Whatever the tests left of the pods' namespaces. */
function removeAll(prefix: string): void {
  const script = `for path in /run/netns/${prefix}*; do [ ! -e "$path" ] || echo "netns delete \${path##*/}"; done | ip -batch -`;
  execFileSync("bash", ["--norc", "-c", script]);
}
