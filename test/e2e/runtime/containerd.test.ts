import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Conflist } from "../../support/chain.ts";
import { ptpConflist } from "../support/pod.ts";
import type { Node, Topology } from "../support/topology.ts";
import { containerd } from "./support/containerd.ts";
import { runtimeHost } from "./support/host.ts";
import { pauseImage } from "./support/image.ts";
import {
  endPod,
  pingSources,
  podDevices,
  type RuntimeNode,
  startPod,
  takenAddresses,
} from "./support/pods.ts";
import {
  installCrosslink,
  peeredWorld,
  pluginFolder,
} from "./support/world.ts";

const cleanup = new AsyncDisposableStack();
let world: Topology;
let east: RuntimeNode;
let west: RuntimeNode;

beforeAll(async () => {
  world = cleanup.use(peeredWorld());
  const image = pauseImage(world.nodes[0]!.folder);
  const start = async (node: Node): Promise<RuntimeNode> => {
    const host = cleanup.use(await runtimeHost(node.namespace, world.path));
    const { folder } = node;
    const binFolder = await pluginFolder(node);
    return { node, ...(await containerd(host, { folder, binFolder, image })) };
  };
  [east, west] = [await start(world.nodes[0]!), await start(world.nodes[1]!)];
  await west.configure(withHostLocal(ptpConflist(west.node)));
});

afterAll(() => cleanup.disposeAsync());

/** host-local in crosslink-ipam's place. */
function withHostLocal(conflist: Conflist): Conflist {
  const plugins = conflist.plugins.map((plugin) =>
    "ipam" in plugin
      ? {
          ...plugin,
          ipam: { ...(plugin["ipam"] as object), type: "host-local" },
        }
      : plugin,
  );
  return { ...conflist, plugins };
}

function withoutCrosslink({ plugins, ...conflist }: Conflist): Conflist {
  return { ...conflist, plugins: plugins.slice(0, 1) };
}

describe("two nodes under containerd's CRI, in peered networks (ESP is tested in mesh.test.ts and demo)", () => {
  it("a conflist that gets crosslink while containerd runs: pods keep their own addresses from then on", async () => {
    await east.configure(withoutCrosslink(ptpConflist(east.node)));
    const before = await startPod(east, "before");
    const remote = await startPod(west, "remote");
    expect(await pingSources(world, before, remote.address)).toEqual([
      east.node.privateIp,
    ]);

    await east.configure(ptpConflist(east.node));
    const after = await startPod(east, "after");
    expect(await pingSources(world, after, remote.address)).toEqual([
      after.address,
    ]);
    expect(await pingSources(world, remote, after.address)).toEqual([
      remote.address,
    ]);

    // Its DEL calls a plugin whose ADD it never saw.
    await endPod(east, before);
    expect(takenAddresses(east.node)).toEqual([after.address]);
    await endPod(east, after);
    await endPod(west, remote);
    expectNothingLeft();
  });

  it("containerd killed and started again: pods stay reachable, and can be removed", async () => {
    const pod = await startPod(east, "survivor");
    const remote = await startPod(west, "remote");
    await Promise.all([east.restart(), west.restart()]);
    expect(await east.cri.pods()).toEqual([pod.id]);
    expect(await pingSources(world, pod, remote.address)).toEqual([
      pod.address,
    ]);

    await endPod(east, pod);
    await endPod(west, remote);
    expectNothingLeft();
    const next = await startPod(east, "next");
    await endPod(east, next);
    expectNothingLeft();
  });

  it("the binary replaced all the time while pods start and go: none fails", async () => {
    const names = Array.from({ length: 8 }, (_, n) => `pod-${n}`);
    const done = new AbortController();
    const replacing = replaceUntil(done.signal);
    const outcomes = await Promise.allSettled(
      names.flatMap((name) => [east, west].map((on) => lifeOf(on, name))),
    );
    done.abort();
    const replaced = await replacing;

    const failures = outcomes.filter(({ status }) => status === "rejected");
    console.log(
      `${outcomes.length} pods came and went while the binary was replaced ${replaced} times: ${failures.length} failed`,
    );
    expect(failures).toEqual([]);
    expect(replaced).toBeGreaterThan(1);
    expectNothingLeft();
  });

  it("a broken cluster file: kubelet hears what is wrong, and the pod leaves nothing behind", async () => {
    const broken = join(east.node.clustersDir, "broken.json");
    writeFileSync(broken, '{"name": "broken", "podCIDR": []}');
    await expect(startPod(east, "unlucky")).rejects.toThrow(
      /plugin type="crosslink" failed \(add\).*broken\.json.*podCIDR/s,
    );
    expectNothingLeft();
    rmSync(broken);
    await endPod(east, await startPod(east, "lucky"));
    expectNothingLeft();
  });
});

/** Replaces the binary on both nodes, again and again; how many times. */
async function replaceUntil(done: AbortSignal): Promise<number> {
  let times = 0;
  for (; !done.aborted; times++) {
    await installCrosslink(join(east.node.folder, "cni-bin"));
    await installCrosslink(join(west.node.folder, "cni-bin"));
  }
  return times;
}

async function lifeOf(on: RuntimeNode, name: string): Promise<void> {
  await endPod(on, await startPod(on, name));
}

function expectNothingLeft(): void {
  for (const on of [east, west]) {
    expect(takenAddresses(on.node)).toEqual([]);
    expect(podDevices(on)).toEqual([]);
  }
}
