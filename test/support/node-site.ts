import { rmSync } from "node:fs";
import { run } from "../../cni/main.ts";
import {
  pluginHandlers,
  processContext,
} from "../../plugin/handlers/handlers.ts";
import { cniEnvironment } from "./binary.ts";
import { binding } from "./binding.ts";
import { connect, type Namespace, namespace } from "./namespace.ts";
import {
  filesFolder,
  networkConfig,
  type NodeFiles,
  nodeFiles,
} from "./node-files.ts";

/** What one CNI call printed and returned. */
export interface CallOutcome {
  readonly exitCode: number;
  /** The object on stdout; undefined where there was none. */
  readonly answer: Record<string, unknown> | undefined;
  readonly stderr: string;
}

/** A node in a namespace of its own, with its files. */
export interface NodeSite extends NodeFiles, Disposable {
  readonly node: Namespace;
  /** What is at the other end of its `eth0`. */
  readonly uplink: Namespace;
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
  const files = nodeFiles(filesFolder());
  return {
    ...files,
    node,
    uplink,
    call: (command, call = {}) =>
      callHandlers({ ...files, node }, command, call),
    [Symbol.dispose]: () => {
      node[Symbol.dispose]();
      uplink[Symbol.dispose]();
      rmSync(files.folder, { recursive: true });
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
  site: NodeFiles & Pick<NodeSite, "node">,
  command: string,
  { pod, containerId, config, environment }: SiteCall,
): CallOutcome {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const exitCode = run(
    {
      environment: {
        ...cniEnvironment(command, { containerId, netns: pod?.path ?? "" }),
        ...environment,
      },
      readStdin: () => Buffer.from(JSON.stringify(networkConfig(site, config))),
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
