import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../cni/configuration.ts";
import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  type NetworkConfiguration,
  parseNetwork,
  salvageNetwork,
} from "../../conf/network.ts";
import { readConflist } from "../install/conflists.ts";

/** Where runtimes look for conflists. */
export const CONFLIST_FOLDER = "/etc/cni/net.d";

/** What the words after a command may be. */
export interface Options {
  readonly conflist?: string;
  readonly clusters?: string;
  readonly keyring?: string;
  readonly node?: string;
  readonly snat?: string;
  /** Where the agent serves CNI calls. */
  readonly socket?: string;
  /** Where the agent serves metrics. */
  readonly metrics?: string;
  /** Where the node's container runtime serves the CRI. */
  readonly runtimeEndpoint?: string;
  /** Where the node's root is mounted, for `install` and `uninstall`. */
  readonly root?: string;
  /** Whose words `routes` uses. */
  readonly for?: string;
  /** Where `routes` writes a router's pre-shared keys. */
  readonly secrets?: string;
  /** Where `ipam` keeps addresses. */
  readonly dataDir?: string;
  /** How to reach the Kubernetes API. */
  readonly kubeconfig?: string;
  /** All of them, in order, where several are given. */
  readonly kubeconfigs?: readonly string[];
  /** kosmosctl's words for the cluster that joins. */
  readonly cni?: string;
  readonly defaultNic?: string;
  readonly ipFamily?: string;
  readonly networkType?: string;
  /** `NODE=ADDRESS,NODE=ADDRESS` */
  readonly nodeElasticip?: string;
  /** Where others reach this cluster's API server. */
  readonly server?: string;
  /** Networks of the other cluster's pods, or of the one that joins; separated by commas. */
  readonly clusterPodCidrs?: string;
  /** How long nodes have for a step of `rotate`, in seconds. */
  readonly settle?: string;
  /** In which form `install --kubernetes` prints. */
  readonly output?: string;
  /** What this cluster is called. */
  readonly name?: string;
  /** The image of agents and publisher. */
  readonly image?: string;
  readonly json: boolean;
  /** Words that are flags of one command only, such as keygen's `--rotate`. */
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/**
 * The configuration that a command works with: the first conflist that has a crosslink entry, or
 * the one named, or the defaults; and over it what the command line says.
 */
export function configurationFor(options: Options): NetworkConfiguration {
  const entry =
    options.conflist === undefined ? findEntry() : readEntry(options.conflist);
  const { clusters, keyring, node, snat } = options;
  return parseNetwork({
    ...(entry ?? { type: "crosslink" }),
    ...(clusters === undefined ? {} : { clustersDir: clusters }),
    ...(keyring === undefined ? {} : { keyring }),
    ...(node === undefined ? {} : { node }),
    ...(snat === undefined ? {} : { snat }),
  });
}

/** As much of that as can be made out. Throws nothing. */
export function salvageConfiguration(options: Options): NetworkConfiguration {
  const { conflist, clusters, node } = options;
  const entry =
    conflist === undefined ? findEntry() : crosslinkEntry(tryRead(conflist));
  return salvageNetwork({
    ...entry,
    ...(clusters === undefined ? {} : { clustersDir: clusters }),
    ...(node === undefined ? {} : { node }),
  });
}

type Entry = Readonly<Record<string, unknown>>;

function findEntry(): Entry | undefined {
  for (const name of conflistNames()) {
    const entry = crosslinkEntry(tryRead(join(CONFLIST_FOLDER, name)));
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function conflistNames(): string[] {
  try {
    return readdirSync(CONFLIST_FOLDER)
      .filter((name) => name.endsWith(".conflist"))
      .sort();
  } catch {
    return []; // no runtime is set up here: the defaults serve
  }
}

/** Somebody else's broken conflist is no reason to refuse `crosslink status`. */
function tryRead(path: string): unknown {
  try {
    return JSON.parse(readConflist(path));
  } catch {
    return undefined;
  }
}

function readEntry(path: string): Entry {
  const entry = crosslinkEntry(JSON.parse(readConflist(path)));
  if (entry !== undefined) return entry;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use "${path}": it has no plugin of type "crosslink"`,
    {
      details: 'give a conflist whose "plugins" end with {"type": "crosslink"}',
    },
  );
}

/** The crosslink entry of a conflist, or the file itself where it is a plain configuration of ours. */
function crosslinkEntry(conflist: unknown): Entry | undefined {
  if (!isObject(conflist)) return undefined;
  if (conflist["type"] === "crosslink") return conflist;
  const plugins = conflist["plugins"];
  if (!Array.isArray(plugins)) return undefined;
  return plugins
    .filter(isObject)
    .find((plugin) => plugin["type"] === "crosslink");
}
