import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Node, Topology } from "../../support/topology.ts";
import type { Containerd } from "./containerd.ts";

/** A node with its runtime. */
export interface RuntimeNode extends Containerd {
  readonly node: Node;
}

/** A pod that runs. */
export interface RunningPod {
  readonly id: string;
  readonly address: string;
  /** Runs a program in the pod's network; what it printed. Throws when it fails. */
  readonly exec: (program: string, ...args: readonly string[]) => string;
}

/** Starts a pod as kubelet does. */
export async function startPod(
  { cri, host }: RuntimeNode,
  name: string,
): Promise<RunningPod> {
  const id = await cri.runPod(name);
  const { address, pid } = await cri.podStatus(id);
  const enter = [`--net=/proc/${pid}/ns/net`];
  return {
    id,
    address,
    exec: (...command) => host.exec("nsenter", ...enter, ...command),
  };
}

/** Stops and removes a pod as kubelet does. */
export async function endPod(
  { cri }: RuntimeNode,
  { id }: RunningPod,
): Promise<void> {
  await cri.stopPod(id);
  await cri.removePod(id);
}

/**
 * Pings from a pod of the first node to an address.
 *
 * @returns the addresses that the pings had as their source on the node's wire, each once. Throws when one got lost
 */
export async function pingSources(
  { internet, nodes }: Topology,
  from: Pick<RunningPod, "exec">,
  to: string,
): Promise<string[]> {
  const filter = `icmp[0] == 8 and dst ${to}`;
  const options = ["-nn", "-l", "--immediate-mode", "-c", "3"];
  const place = ["netns", "exec", internet.name];
  const tcpdump = spawn(
    "ip",
    [...place, "tcpdump", "-i", nodes[0]?.wire ?? "", ...options, filter],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const seen = text(tcpdump.stdout);
  await listening(tcpdump.stderr);
  try {
    from.exec("ping", "-q", "-n", "-c3", "-i0.2", "-W5", to);
  } catch (error) {
    tcpdump.kill();
    throw error;
  }
  const sources = (await seen).matchAll(/ IP (\S+) > /g);
  return [...new Set([...sources].map(([, source]) => String(source)))];
}

/** tcpdump says so once it has its socket. Its stderr stays open: it has more to say later. */
function listening(stderr: Readable): Promise<void> {
  let said = "";
  return new Promise((resolve, reject) => {
    stderr.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      if (said.includes("listening on")) resolve();
    });
    stderr.once("end", () => {
      reject(new Error(`Cannot capture: ${said}`));
    });
  });
}

/** The addresses that a node's IPAM plugin has given away. */
export function takenAddresses({ folder }: Node): string[] {
  const store = join(folder, "ipam", "pods");
  return readdirSync(store).filter((name) => /^\d/.test(name));
}

/** The host ends of pods that a node has. */
export function podDevices({ host }: Pick<RuntimeNode, "host">): string[] {
  const links = host.exec("ip", "-o", "link", "show", "type", "veth");
  return [...links.matchAll(/^\d+: (veth[^@:]*)/gm)].map(([, name]) =>
    String(name),
  );
}
