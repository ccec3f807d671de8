import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Pod, pod, ptpConflist } from "../support/pod.ts";
import type { Node, Topology } from "../support/topology.ts";
import { type RuntimeHost, runtimeHost } from "./support/host.ts";
import { pauseImage, pauseImageName } from "./support/image.ts";
import { type Podman, podman, podmanMissing } from "./support/podman.ts";
import { pingSources, podDevices, takenAddresses } from "./support/pods.ts";
import { peeredWorld, pluginFolder } from "./support/world.ts";

const missing = podmanMissing();
const cleanup = new AsyncDisposableStack();
let world: Topology;
let node: Node;
let host: RuntimeHost;
let run: Podman;
let remote: Pod;

beforeAll(async () => {
  if (missing !== undefined) return;
  world = cleanup.use(peeredWorld());
  node = world.nodes[0]!;
  host = cleanup.use(await runtimeHost(node.namespace, world.path));
  const [folder, conflist] = [node.folder, ptpConflist(node)];
  const binFolder = await pluginFolder(node);
  run = podman(host, { folder, binFolder, conflist });
  run("load", "--quiet", "--input", pauseImage(folder));
  remote = cleanup.use(pod(world.nodes[1]!, world));
  await remote.add();
});

afterAll(() => cleanup.disposeAsync());

describe.skipIf(missing !== undefined)(
  `a node under podman's CNI backend, in peered networks (ESP is tested in mesh.test.ts and demo)${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    it("a container gets an address, keeps it toward a remote pod, restarts, and leaves nothing behind", async () => {
      expect(exemptions()).toEqual([]);
      const detached = ["--detach", "--network", "pods", "--name", "web"];
      const id = run("run", ...detached, pauseImageName).trim();

      expect(takenAddresses(node)).toEqual([address()]);
      expect(aliases()).toEqual([`crosslink pods ${id} eth0`]);
      expect(exemptions()).toHaveLength(2);
      expect(await pingFromContainer()).toEqual([address()]);

      // Stopping runs DEL and starting ADD, with the ID that was there before.
      run("restart", "web");
      expect(takenAddresses(node)).toEqual([address()]);
      expect(aliases()).toEqual([`crosslink pods ${id} eth0`]);
      expect(await pingFromContainer()).toEqual([address()]);

      run("rm", "--force", "web");
      expect(takenAddresses(node)).toEqual([]);
      expect(podDevices({ host })).toEqual([]);
    });
  },
);

function inspect(format: string): string {
  return run("inspect", "--format", format, "web").trim();
}

function address(): string {
  return inspect("{{.NetworkSettings.Networks.pods.IPAddress}}");
}

function pingFromContainer(): Promise<string[]> {
  const network = `--net=/proc/${inspect("{{.State.Pid}}")}/ns/net`;
  const exec = (...command: readonly string[]) =>
    host.exec("nsenter", network, ...command);
  return pingSources(world, { exec }, remote.address());
}

/** What crosslink's ADD wrote on the host ends of pods. */
function aliases(): (string | undefined)[] {
  const links = host.exec("ip", "-json", "link", "show", "type", "veth");
  return (JSON.parse(links) as { ifname: string; ifalias?: string }[])
    .filter(({ ifname }) => ifname.startsWith("veth"))
    .map(({ ifalias }) => ifalias);
}

function exemptions(): string[] {
  const rules = host.exec("iptables", "-t", "nat", "-S", "POSTROUTING");
  return rules
    .split("\n")
    .filter((rule) => /--comment crosslink -j RETURN$/.test(rule));
}
