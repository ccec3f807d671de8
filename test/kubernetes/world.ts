import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, cluster, type Ground } from "./cluster.ts";
import {
  putBasePlugins,
  putCrosslink,
  writeConflist,
  writeMesh,
} from "./crosslink.ts";
import { startStage } from "./guest/stage.ts";
import { makeImages } from "./images.ts";
import { calico, flannel } from "./node/base.ts";
import { buildPrograms } from "./programs/build.ts";

/** Two clusters that crosslink joins, and the internet between them. */
export interface World extends AsyncDisposable {
  readonly ground: Ground;
  /** Flannel. */
  readonly east: Cluster;
  /** Calico. */
  readonly west: Cluster;
}

/** Starts them. Takes minutes, and says what it does. */
export async function startWorld(
  say: (sentence: string) => void,
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-kubernetes-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => {
    rmSync(folder, { recursive: true });
  });
  try {
    const programs = buildPrograms(say);
    const images = makeImages(folder);
    say("boots a guest");
    const stage = stack.use(await startStage(folder));
    const ground = { stage, programs, images, folder };
    say("starts two clusters");
    const started = async (starting: Promise<Cluster>) =>
      stack.use(await starting);
    const [east, west] = await Promise.all([
      started(startEast(ground)),
      started(startWest(ground)),
    ]);
    say("joins them by crosslink");
    await joinClusters(ground, [east, west]);
    return {
      ground,
      east,
      west,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function startEast(ground: Ground): Promise<Cluster> {
  const pods = "10.10.0.0/16";
  return cluster(ground, "east", {
    base: flannel(join(ground.programs.get("flannel") ?? "", "flanneld"), pods),
    ...{
      pods,
      services: "10.96.0.0/16",
      addresses: ["203.0.113.11"],
    },
  });
}

function startWest(ground: Ground): Promise<Cluster> {
  return cluster(ground, "west", {
    base: calico({
      folder: ground.programs.get("calico") ?? "",
      pools: { "west-1": "10.20.0.0/24", "west-2": "10.20.1.0/24" },
      iptables: "Legacy",
    }),
    ...{
      pods: "10.20.0.0/16",
      services: "10.97.0.0/16",
      addresses: ["203.0.113.21"],
    },
  });
}

async function joinClusters(
  ground: Ground,
  clusters: readonly Cluster[],
): Promise<void> {
  const nodes = clusters.flatMap((each) =>
    each.nodes.map((node) => ({ node, each })),
  );
  await Promise.all(
    nodes.map(async ({ node }) => {
      await putBasePlugins(node, ground);
      await putCrosslink(node);
    }),
  );
  await writeMesh(ground, clusters);
  await Promise.all(nodes.map(({ node, each }) => writeConflist(node, each)));
}
