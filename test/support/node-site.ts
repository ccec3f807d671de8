import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../cni/main.ts";
import {
  pluginHandlers,
  processContext,
} from "../../plugin/handlers/handlers.ts";
import { binding } from "./binding.ts";
import { connect, type Namespace, namespace } from "./namespace.ts";

/** What one CNI call printed and returned. */
export interface CallOutcome {
  readonly exitCode: number;
  /** The object on stdout; undefined where there was none. */
  readonly answer: Record<string, unknown> | undefined;
  readonly stderr: string;
}

/** A node in a namespace of its own, with a folder for its files. */
export interface NodeSite extends Disposable {
  readonly node: Namespace;
  /** What is at the other end of its `eth0`. */
  readonly uplink: Namespace;
  readonly folder: string;
  readonly clustersDir: string;
  writeCluster(name: string, cluster: object): void;
  removeCluster(name: string): void;
  writeKeyring(keyring: object, mode?: number): void;
  /** Calls the plugin's handlers, as the binary's front door does, in the node's namespace. */
  call(command: string, call?: SiteCall): CallOutcome;
}

/** What differs from call to call. */
export interface SiteCall {
  readonly pod?: Namespace;
  readonly containerId?: string;
  readonly config?: object;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Makes a node with an uplink to nowhere: 172.17.1.2/24 on eth0, default route by 172.17.1.1. */
export function nodeSite(): NodeSite {
  const node = namespace();
  const uplink = namespace();
  connect(node, "eth0", uplink, "eth0");
  node.shell(
    "ip addr add 172.17.1.2/24 dev eth0; ip route add default via 172.17.1.1",
  );
  const folder = mkdtempSync(join(tmpdir(), "crosslink-site-"));
  chmodSync(folder, 0o755);
  const clustersDir = join(folder, "clusters.d");
  mkdirSync(clustersDir);
  return {
    node,
    uplink,
    folder,
    clustersDir,
    writeCluster: (name, cluster) => {
      writeFileSync(
        join(clustersDir, `${name}.json`),
        JSON.stringify({ name, ...cluster }),
      );
    },
    writeKeyring: (keyring, mode = 0o600) => {
      const path = join(folder, "keyring.json");
      writeFileSync(path, JSON.stringify(keyring));
      chmodSync(path, mode);
    },
    removeCluster: (name) => {
      rmSync(join(clustersDir, `${name}.json`));
    },
    call: (command, call = {}) =>
      callHandlers({ node, folder, clustersDir }, command, call),
    [Symbol.dispose]: () => {
      node[Symbol.dispose]();
      uplink[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The node's own cluster, and an office LAN behind the uplink's router: a plain network, so that every kernel will do. */
export function linkOffice(site: Pick<NodeSite, "writeCluster">): void {
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  writeOffice(site);
}

/** The office LAN alone, for a node whose own cluster is the test's matter. */
export function writeOffice(site: Pick<NodeSite, "writeCluster">): void {
  site.writeCluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.7.0/24"],
    nodes: [{ name: "router", ips: ["172.17.1.1"] }],
  });
}

/** What the machine is called. */
export const HOST = { nodeName: "node1", hostName: "no-such-host" };

function callHandlers(
  site: Pick<NodeSite, "node" | "folder" | "clustersDir">,
  command: string,
  { pod, containerId = "c1", config = {}, environment = {} }: SiteCall,
): CallOutcome {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const input = {
    cniVersion: "1.1.0",
    name: "pods",
    type: "crosslink",
    clustersDir: site.clustersDir,
    keyring: join(site.folder, "keyring.json"),
    ...config,
  };
  const exitCode = run(
    {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: pod?.path ?? "",
        CNI_IFNAME: "eth0",
        CNI_PATH: "/usr/lib/cni",
        ...environment,
      },
      readStdin: () => Buffer.from(JSON.stringify(input)),
      writeStdout: (text) => stdout.push(text),
      writeStderr: (text) => stderr.push(text),
    },
    pluginHandlers(
      processContext({
        kernel: () => ({ binding, netns: site.node.fd }),
        host: HOST,
        writeStderr: (text) => stderr.push(text),
      }),
    ),
  );
  const text = stdout.join("");
  return {
    exitCode,
    answer:
      text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>),
    stderr: stderr.join(""),
  };
}
