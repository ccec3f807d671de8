import { basename, dirname } from "node:path";
import { namesIn } from "../../conf/folder-names.ts";
import { keyringsFolder } from "../../conf/keyrings.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import {
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_XFRM,
  type Route,
  type Unwatch,
} from "../../native/index.ts";
import { SUBNET_FILE } from "../discovery/flannel.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { fileSource } from "./watch/files.ts";
import { judgeNftables, NFTABLES_GROUPS } from "./watch/nftables.ts";
import {
  type PathWatch,
  watchesOf,
  watchesOfFile,
} from "./watch/path-watch.ts";
import {
  judgeRoute,
  type NodeLinks,
  nodeLinks,
  ROUTE_GROUPS,
} from "./watch/route.ts";
import { kernelNews } from "./watch/kernel-news.ts";
import type { ChangeSource, Topic } from "./watch/source.ts";
import type { Effect } from "./watch/effect.ts";
import { judgeXfrm, XFRM_GROUPS } from "./watch/xfrm.ts";

/** Listens to the kernel and to the configured files until it is closed. */
export interface Changes {
  /** Reads all that is queued. */
  readonly poll: () => Told;
  /** Whether anything but files may have changed since it was asked last; the first time, yes. */
  readonly wasTouched: () => boolean;
  /** Reads what xfrm tells, and passes over what was done by the conversation of that mark; the rest is told by `poll`. */
  readonly passOver: (mark: number) => void;
  /**
   * Turns to the files that a configuration names; call it before they are read. Only where somebody waits for flannel's
   * lease is its folder looked for while it is missing: in /run, where others are busy.
   */
  readonly followFiles: (
    config: NetworkConfiguration,
    waits: { readonly flannel: boolean },
  ) => void;
  /** Turns to the devices that the main table's routes lead over. */
  readonly followLinks: (routes: readonly Route[]) => void;
  readonly close: () => void;
}

/** The worst that happened since the last time. */
export interface Told {
  /** To files. */
  readonly files: Effect;
  /** To the kernel. */
  readonly kernel: Effect;
}

/** Where to listen. */
export interface Surroundings {
  readonly kernel: Kernel;
  /** The conflists that may change the configuration: all of a folder, or the one of that name. */
  readonly conflists: { readonly folder: string; readonly name?: string };
  /** The agent's own, to be told where somebody takes one away. */
  readonly sockets?: readonly { readonly path: string }[];
  readonly log: Log;
}

/**
 * Subscribes to all that may make the node differ from its files. Throws NetlinkError.
 *
 * @param onChange called when something is queued; `poll` then tells what
 */
export function listen(
  { kernel, log, ...places }: Surroundings,
  onChange: () => void,
): Changes {
  let followed: NodeLinks = new Set();
  const files = fileSource(kernel.binding, log);
  const news = kernelNews(
    kernel,
    topics(() => followed),
  );
  const sources: readonly ChangeSource[] = [files, ...news.sources];
  let later: NodeJS.Immediate | undefined;
  const watches: readonly Unwatch[] = sources.map(({ watch }) =>
    watch(onChange),
  );
  return {
    poll: () => ({ files: files.drain(), kernel: news.drain() }),
    wasTouched: news.wasTouched,
    passOver: (mark) => {
      if (news.passOver(mark) !== "nothing") later = setImmediate(onChange);
    },
    followFiles: (config, { flannel }) => {
      files.rearm(() => placesOf(config, places, flannel));
    },
    followLinks: (routes) => {
      followed = nodeLinks(routes);
    },
    close: () => {
      clearImmediate(later);
      for (const unwatch of watches) unwatch();
      for (const { close } of sources) close();
    },
  };
}

/** All that the kernel is asked to tell, judged by the devices that are followed at that time. */
function topics(followed: () => NodeLinks): Topic[] {
  return [
    { protocol: NETLINK_XFRM, groups: XFRM_GROUPS, judge: judgeXfrm },
    {
      protocol: NETLINK_NETFILTER,
      groups: NFTABLES_GROUPS,
      judge: judgeNftables,
    },
    {
      protocol: NETLINK_ROUTE,
      groups: ROUTE_GROUPS,
      judge: (message) => judgeRoute(message, followed()),
    },
  ];
}

function placesOf(
  config: NetworkConfiguration,
  { conflists, sockets = [] }: Pick<Surroundings, "conflists" | "sockets">,
  waitsForFlannel: boolean,
): PathWatch[] {
  return [
    ...placesOfMesh(config),
    ...watchesOf({
      folder: conflists.folder,
      judge: (name) => judgeConflist(name, conflists.name),
    }),
    ...placesOfOne(SUBNET_FILE, { awaited: waitsForFlannel }),
    ...sockets.flatMap(placesOfSocket),
  ];
}

/** Cluster files and keyrings. */
function placesOfMesh({
  clustersDir,
  keyring,
}: NetworkConfiguration): PathWatch[] {
  return [
    ...[clustersDir, ...sliceFolders(clustersDir)].flatMap((folder) =>
      watchesOf({ folder, judge: () => "harm", guarded: true }),
    ),
    ...placesOfOne(keyring, { guarded: true, awaited: true }),
    ...watchesOf({
      folder: keyringsFolder(keyring),
      judge: (name) => (name.endsWith(".json") ? "harm" : "nothing"),
      guarded: true,
    }),
  ];
}

function sliceFolders(clustersDir: string): string[] {
  return [...namesIn(clustersDir).slices.values()].map(({ folder }) => folder);
}

function placesOfSocket({ path }: { readonly path: string }): PathWatch[] {
  const name = basename(path);
  const judge = (changed: string): Effect =>
    changed === name ? "change" : "nothing";
  return watchesOfFile({ folder: dirname(path), judge }, name);
}

/** Without a name all count that runtimes read as conflists. */
function judgeConflist(name: string, only: string | undefined): Effect {
  const counts =
    only === undefined ? name.endsWith(".conflist") : name === only;
  return counts ? "change" : "nothing";
}

/** Kubernetes changes the files of a volume by links whose names begin with two dots. */
function placesOfOne(
  path: string,
  how: { readonly guarded?: boolean; readonly awaited: boolean },
): PathWatch[] {
  const name = basename(path);
  const judge = (changed: string): Effect =>
    changed === name || changed.startsWith("..") ? "harm" : "nothing";
  return watchesOfFile({ folder: dirname(path), judge, ...how }, name);
}
