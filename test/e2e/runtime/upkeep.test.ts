import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ipamNetworks } from "../../../plugin/install/networks.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { collectLeftovers } from "../../../plugin/runtime/collect.ts";
import { listSandboxes } from "../../../plugin/runtime/cri.ts";
import { leftovers } from "../../../plugin/runtime/leftovers.ts";
import { binding } from "../../support/binding.ts";
import type { Conflist } from "../../support/chain.ts";
import { until } from "../../support/until.ts";
import { binary } from "../../support/binary.ts";
import { ptpConflist } from "../support/pod.ts";
import type { Topology } from "../support/topology.ts";
import { containerd } from "./support/containerd.ts";
import { runtimeHost } from "./support/host.ts";
import { pauseImage } from "./support/image.ts";
import {
  endPod,
  pingSources,
  type RuntimeNode,
  startPod,
  takenAddresses,
} from "./support/pods.ts";
import { peeredWorld, pluginFolder } from "./support/world.ts";

const cleanup = new AsyncDisposableStack();
let world: Topology;
let east: RuntimeNode;

beforeAll(async () => {
  world = cleanup.use(peeredWorld());
  const node = world.nodes[0]!;
  const { folder } = node;
  const host = cleanup.use(await runtimeHost(node.namespace, world.path));
  const image = pauseImage(folder);
  const binFolder = await pluginFolder(node);
  east = { node, ...(await containerd(host, { folder, binFolder, image })) };
});

afterAll(() => cleanup.disposeAsync());

const netFolder = () => join(east.node.folder, "net.d");
const conflistPath = () => join(netFolder(), "10-pods.conflist");

function withoutCrosslink({ plugins, ...conflist }: Conflist): Conflist {
  return { ...conflist, plugins: plugins.slice(0, 1) };
}

/** Looks at the node once, as an agent does that has been looking for the whole grace period. */
async function collect(): Promise<void> {
  const sandboxes = await listSandboxes(
    east.host.outside("/run/containerd/containerd.sock"),
  );
  const netns = openSync(`/run/netns/${east.node.namespace.name}`, "r");
  try {
    withSession({ binding, netns }, (session) => {
      collectLeftovers({
        ...{ session, binding },
        sandboxes: new Set(sandboxes.map(({ id }) => id)),
        networks: ipamNetworks(netFolder()),
        memory: leftovers(0),
        log: () => undefined,
        now: 0,
      });
    });
  } finally {
    closeSync(netns);
  }
}

function reserve(address: string, containerID: string, ifname: string): void {
  const file = join(east.node.folder, "ipam", "pods", address);
  writeFileSync(file, `${containerID}\r\n${ifname}`);
}

/** What a DEL that never came leaves: an address, and a labelled veth with a route of ours. */
function leak(): void {
  reserve("10.91.0.200", "0".repeat(64), "eth0");
  const exec = (...words: [string, ...string[]]) => east.host.exec(...words);
  exec("ip", "link", "add", "leak0", "type", "veth", "peer", "name", "leak1");
  exec("ip", "link", "set", "leak0", "up", "alias", "crosslink pods gone eth0");
  const route = ["10.91.0.200/32", "dev", "leak0", "proto", "88"];
  exec("ip", "route", "add", ...route);
}

describe("an agent beside a runtime", () => {
  it("takes away what dead sandboxes have left, and nothing of those that live", async () => {
    await east.configure(ptpConflist(east.node));
    const pod = await startPod(east, "lives");
    const before = east.host.exec("ip", "route");
    leak();
    // Of a sandbox that lives, though nobody could say where: the runtime knows it.
    reserve("10.91.0.201", pod.id, "net1");
    await collect();
    expect(takenAddresses(east.node).sort()).toEqual(
      ["10.91.0.201", pod.address].sort(),
    );
    expect(east.host.exec("ip", "link", "show", "leak0")).not.toContain(
      "alias",
    );
    expect(east.host.exec("ip", "route")).toBe(before);

    // Stopped is not gone: what it had is freed by its own DEL, which may be tried again.
    await east.cri.stopPod(pod.id);
    await collect();
    expect(takenAddresses(east.node)).toEqual(["10.91.0.201"]);
    await east.cri.removePod(pod.id);
    await collect();
    expect(takenAddresses(east.node)).toEqual([]);
    east.host.exec("ip", "link", "delete", "leak0");
  });

  it("puts crosslink back behind what an installer wrote, and makes a pod right that started meanwhile", async () => {
    await east.configure(withoutCrosslink(ptpConflist(east.node)));
    const missed = await startPod(east, "missed");
    const [, own] = ptpConflist(east.node).plugins;
    writeFileSync(conflistPath(), JSON.stringify(ptpConflist(east.node)));
    const log = join(east.node.folder, "agent.log");
    east.host.start({
      command: [
        binary,
        ...["agent", "--keep-conflist", "--conflist", conflistPath()],
      ],
      log,
      pidFile: "/run/agent.pid",
    });
    await until(
      () =>
        east.host
          .exec("ip", "link")
          .includes(`crosslink pods ${missed.id} eth0`),
      { limitSeconds: 120, describe: () => readFileSync(log, "utf8") },
    );
    expect(readFileSync(log, "utf8")).toContain("default/missed");

    const rewritten = withoutCrosslink(ptpConflist(east.node));
    writeFileSync(conflistPath(), JSON.stringify(rewritten));
    const plugins = (): unknown => {
      const text = readFileSync(conflistPath(), "utf8");
      return (JSON.parse(text) as Conflist).plugins;
    };
    const wanted = JSON.stringify([...rewritten.plugins, own]);
    await until(() => JSON.stringify(plugins()) === wanted, {
      limitSeconds: 25,
      describe: () => JSON.stringify(plugins()),
    });

    // An address of the other cluster's pods; who has it does not matter here.
    const remote = "10.92.0.200";
    const { name } = world.nodes[1]!.namespace;
    execFileSync("ip", ["-n", name, "address", "add", remote, "dev", "lo"]);
    expect(await pingSources(world, missed, remote)).toEqual([missed.address]);
    await endPod(east, missed);
    east.host.kill("TERM", "/run/agent.pid");
  });
});
