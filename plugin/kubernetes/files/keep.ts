import { makeFolder } from "../../../files/folder.ts";
import type { Log } from "../../kernel/log.ts";
import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import { follow, type Followed, type Timing, valuesOf } from "../api/follow.ts";
import { asCluster, asSlice, type ClusterObject } from "../kinds.ts";
import { isClusterName, PATHS } from "../names.ts";
import { type Troubles, troublesTold } from "../troubles.ts";
import { compose, type Composed } from "./compose.ts";
import { keepFolder, type KeptFiles } from "./folder.ts";
import { keepKeyrings } from "./keyrings.ts";

/** What keeps a node's files true. */
export interface KeepingFiles {
  readonly access: Access;
  /** Asked before each look: where the files are. */
  readonly places: () => {
    readonly clustersDir: string;
    readonly keyring: string;
  };
  readonly log: Log;
  /** This node's name, where it is known. */
  readonly node?: string;
  /** Is told of the Clusters at each look. */
  readonly onClusters?: (clusters: readonly ClusterObject[]) => void;
  readonly timing?: Timing;
  /** Changes are gathered for so long, and a failed look is repeated after ten times as long; milliseconds. */
  readonly gatherMs?: number;
}

/** What has become of it so far. */
export interface FilesKept {
  /** When the API server last gave a good answer, in milliseconds since 1970; undefined before the first. */
  readonly lastGood: () => number | undefined;
  readonly stop: () => void;
}

/** Long enough for the events of one change, short beside the two seconds in which it is to arrive. */
const GATHER_MS = 100;

/**
 * Writes what this cluster's API server has to the node's files from now on, until it is stopped. While it is silent, or
 * has not been heard yet, the files stay as they are.
 */
export function keepFilesTrue(keeping: KeepingFiles): FilesKept {
  const { access, log, gatherMs = GATHER_MS, timing } = keeping;
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    timer ??= setTimeout(look, gatherMs);
  };
  const tell = troublesTold(log, "a cluster's file is right again");
  const spared: Spared = { names: new Set(), setBacks: 0 };
  const look = (): void => {
    timer = undefined;
    const clusters = valuesOf(followed.clusters);
    if (clusters !== undefined) keeping.onClusters?.(clusters.map(asCluster));
    try {
      tell(lookOnce(keeping, followed, spared));
    } catch (error) {
      tell(new Map([["", `Cannot write the node's files: ${String(error)}`]]));
      timer = setTimeout(look, gatherMs * 50);
    }
  };
  const start = (path: string): Followed =>
    follow({
      access,
      log,
      collection: { path },
      onChange: soon,
      ...(timing === undefined ? {} : { timing }),
    });
  const followed = {
    clusters: start(PATHS.clusters),
    slices: start(PATHS.slices),
    keyrings: start(PATHS.keyrings),
  };
  return {
    lastGood: () => oldest(Object.values(followed)),
    stop: () => {
      clearTimeout(timer);
      for (const { stop } of Object.values(followed)) stop();
    },
  };
}

function oldest(all: readonly Followed[]): number | undefined {
  const times = all.map(({ lastGood }) => lastGood());
  return times.every((time) => time !== undefined)
    ? Math.min(...times)
    : undefined;
}

type Sources = Readonly<Record<"clusters" | "slices" | "keyrings", Followed>>;

/** Clusters that an API server has forgotten, since it came back from a backup: that is nobody's word to unlink. */
interface Spared {
  names: Set<string>;
  /** How often it had come back when that was looked at last. */
  setBacks: number;
}

/**
 * Keyrings first: a file whose keyring is not there yet would be an error for a moment.
 *
 * @returns what is not as the API server says, by cluster
 */
function lookOnce(
  { places, log, node }: KeepingFiles,
  { clusters, slices, keyrings }: Sources,
  spared: Spared,
): Troubles {
  const [known, parts, secrets] = [clusters, slices, keyrings].map(valuesOf);
  if (known === undefined || parts === undefined || secrets === undefined)
    return new Map();
  const composed = composeAll(known, parts);
  for (const name of composed.keys()) spared.names.delete(name);
  const setBacks = clusters.setBacks();
  const isSetBack = setBacks !== spared.setBacks;
  const own = known.map(asCluster).find(isLocal)?.metadata.name;
  const hasOwn = own !== undefined;
  const { clustersDir, keyring } = places();
  makeFolder(clustersDir, 0o755);
  const names = new Set([...composed.keys(), ...spared.names]);
  const removes = hasOwn && !isSetBack;
  const locked = keepKeyrings({ keyring, secrets, clusters: names, removes });
  const kept = keepFolder({
    folder: clustersDir,
    clusters: composed,
    removes: (name) => removes && !spared.names.has(name),
    here: hasOwn ? { cluster: own, node } : undefined,
  });
  if (isSetBack) Object.assign(spared, { names: new Set(kept.left), setBacks });
  logChanges(kept, log);
  return new Map([
    ...(hasOwn ? [] : [["", NOT_HERE] as const]),
    ...[...spared.names].map((name) => [name, FORGOTTEN] as const),
    ...kept.troubles,
    ...locked,
  ]);
}

function composeAll(
  clusters: readonly ApiObject[],
  slices: readonly ApiObject[],
): Map<string, Composed> {
  const sliced = slices.map(asSlice);
  return new Map(
    clusters
      .map(asCluster)
      .filter(({ metadata }) => isClusterName(metadata.name))
      .map((one) => [one.metadata.name, compose(one, sliced)]),
  );
}

function logChanges({ written, removed }: KeptFiles, log: Log): void {
  for (const cluster of written)
    log("info", "a cluster's file is written", { cluster });
  for (const cluster of removed) log("info", REMOVED, { cluster });
}

const REMOVED =
  "a cluster's file is removed, since its Cluster object is gone; what is fenced stays so until `crosslink forget`";

/** An API server that lost its memory, or has just been given our kinds, is no reason to unlink. */
const NOT_HERE =
  "The API server has no Cluster with `local: true`: no file is removed until it has";

const FORGOTTEN =
  "the API server came back from a backup that does not have this Cluster: its file stays; join it again, or remove the file from each node";

function isLocal({ spec }: ClusterObject): boolean {
  return spec.local === true;
}
