import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, cluster, type Ground } from "./cluster.ts";
import {
  putBasePlugins,
  putCrosslink,
  writeConflist,
  writeMesh,
  writeOfficeMesh,
} from "./crosslink.ts";
import { type Place, startStage } from "./stage/stage.ts";
import { makeImages } from "./images.ts";
import { calico, flannel } from "./node/base.ts";
import { openOffice } from "./office.ts";
import { buildPrograms } from "./programs/build.ts";
import { serveInOffice } from "./web.ts";

/** Two clusters, and the internet between them. */
export interface World extends AsyncDisposable {
  readonly ground: Ground;
  /** Flannel. */
  readonly east: Cluster;
  /** Calico. */
  readonly west: Cluster;
}

/** Says what is done, since all of it takes its time. */
type Say = (sentence: string) => void;

/** Starts two clusters of two nodes each in a guest, joined by crosslink. Takes minutes. */
export function startWorld(say: Say): Promise<World> {
  return makeWorld(say, {
    place: "guest",
    resyncSeconds: 30,
    connect: joinClusters,
  });
}

/** Starts two clusters of two nodes each on this machine's kernel; crosslink joins each with the office. */
export function startWorldHere(say: Say): Promise<World> {
  return makeWorld(say, {
    place: "here",
    resyncSeconds: 3,
    connect: joinOffice,
  });
}

interface Plan {
  readonly place: Place;
  /** How often bases look after their rules: iptables is most of what an emulated processor can do. */
  readonly resyncSeconds: number;
  readonly connect: (
    ground: Ground,
    clusters: readonly Cluster[],
  ) => Promise<void>;
}

async function makeWorld(say: Say, plan: Plan): Promise<World> {
  const { place, connect } = plan;
  const folder = mkdtempSync(join(tmpdir(), "crosslink-kubernetes-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => {
    rmSync(folder, { recursive: true });
  });
  try {
    const programs = buildPrograms(say);
    const images = makeImages(folder);
    say(place === "guest" ? "boots a guest" : "makes namespaces");
    const stage = stack.use(await startStage(folder, place));
    const ground = { stage, programs, images, folder };
    say("starts two clusters");
    const started = async (starting: Promise<Cluster>) =>
      stack.use(await starting);
    const [east, west] = await Promise.all([
      started(startEast(ground, plan)),
      started(startWest(ground, plan)),
    ]);
    say("joins them by crosslink");
    for (const node of [east, west].flatMap((each) => each.nodes)) {
      await putBasePlugins(node, ground);
      await putCrosslink(node);
    }
    await connect(ground, [east, west]);
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

function startEast(ground: Ground, { resyncSeconds }: Plan): Promise<Cluster> {
  const pods = "10.10.0.0/16";
  return cluster(ground, "east", {
    base: flannel({
      program: join(ground.programs.get("flannel") ?? "", "flanneld"),
      pods,
      resyncSeconds,
    }),
    ...{
      pods,
      services: "10.96.0.0/16",
      addresses: ["203.0.113.11", "203.0.113.12"],
    },
  });
}

function startWest(ground: Ground, { resyncSeconds }: Plan): Promise<Cluster> {
  return cluster(ground, "west", {
    base: calico({
      folder: ground.programs.get("calico") ?? "",
      pools: { "west-1": "10.20.0.0/24", "west-2": "10.20.1.0/24" },
      iptables: "Legacy",
      resyncSeconds,
    }),
    ...{
      pods: "10.20.0.0/16",
      services: "10.97.0.0/16",
      addresses: ["203.0.113.21", "203.0.113.22"],
      containerd2: ["west-2"],
    },
  });
}

async function joinClusters(
  ground: Ground,
  clusters: readonly Cluster[],
): Promise<void> {
  await writeMesh(ground, clusters);
  await writeConflists(clusters);
}

async function joinOffice(
  { stage }: Ground,
  clusters: readonly Cluster[],
): Promise<void> {
  await openOffice(stage, clusters);
  await serveInOffice(stage);
  for (const each of clusters) await writeOfficeMesh(each);
  await writeConflists(clusters);
}

/** Last, so that no pod starts before its node has all that crosslink needs. */
async function writeConflists(clusters: readonly Cluster[]): Promise<void> {
  for (const each of clusters)
    await Promise.all(each.nodes.map((node) => writeConflist(node, each)));
}
