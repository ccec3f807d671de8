import { CniError } from "../../cni/error.ts";
import { type Claim, readClaims } from "../../conf/claims.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import {
  type FolderNames,
  ignoredFiles,
  namesIn,
  placesIn,
} from "../../conf/folder-names.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import {
  type Decision,
  decide,
  type Memory,
  NO_MEMORY,
  type Refusal,
} from "../fence/decide.ts";
import type { Cidr } from "../../ip/cidr.ts";
import { recall } from "../fence/memory.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import type { Self } from "../mesh/self.ts";
import { folderAge, isOlder } from "./age.ts";
import { companionsOf, findSelf, type LinkedNode, linkNode } from "./linked.ts";
import { machineOf } from "./machine.ts";
import { charonPlaces, ikeFolder } from "../ike/charon/configuration.ts";
import { readWhereabouts } from "../ike/whereabouts.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import { AGENT_SOCKET } from "../owned.ts";
import type { Place } from "./place.ts";
import { meshReader } from "./reader.ts";
import { emptied, outdated, refused } from "./trouble.ts";

/** One look at the files, at what was remembered, and at the machine; nothing of it is a change. */
export interface Look {
  /** As it was before. */
  readonly memory: Memory;
  readonly decision: Decision;
  /** Undefined where the folder is empty, and where there is trouble. */
  readonly node: LinkedNode | undefined;
  /** The first thing that is wrong; the fence is decided upon all the same. */
  readonly trouble: Error | undefined;
  /** A sentence for each entry of the clusters folder that is passed over, though it looks meant. */
  readonly ignored: readonly string[];
  /** A sentence, where what was remembered can be made out in part alone, or not at all. */
  readonly damage: string | undefined;
}

/** What a step of a look found, or why it found nothing. */
interface Found<Value> {
  readonly value?: Value;
  readonly trouble?: Error;
}

/** A place with whoever reads there. */
type Reading = Place & Required<Pick<Place, "reader">>;

/** Looks. Throws only what the kernel says where not even its addresses can be read. */
export function lookAround(session: Session, from: Place): Look {
  const place: Reading = { reader: meshReader(), ...from };
  const folder = place.config.clustersDir;
  const { names, files } = lookAtStanding(session, place);
  const { memory, self, claims, newest } = files;
  const own = self.value?.source.cluster.name;
  const isKnown = own !== undefined;
  const machine = machineOf(session.route, { ...place, isKnown });
  const found = linkFound(session, place, files);
  const known = { claims, own, memory, machine };
  const { refusals } = decide({ ...known, settled: false });
  const ignored = ignoredFiles(names);
  const trouble = withIgnored(
    files.trouble ?? refusalOf(refusals, session) ?? found.trouble,
    ignored,
  );
  const settled = trouble === undefined;
  const decision = decide({ ...known, settled });
  const leaves = settled ? leavesOf(found.value) : (memory.leaves ?? []);
  return {
    memory,
    decision: {
      ...decision,
      will: { ...decision.will, leaves, releasesLeaves: settled },
      memory: {
        ...dated(decision.memory, { folder, ...(settled && { newest }) }),
        ...(leaves.length > 0 && { leaves }),
      },
    },
    node: settled ? found.value : undefined,
    trouble,
    ignored,
    damage: files.damage && sentenceOf(files.damage),
  };
}

function sentenceOf(trouble: Error): string {
  const details = trouble instanceof CniError ? trouble.details : undefined;
  return [trouble.message, details].filter(Boolean).join(": ");
}

/** Of what is wrong with the files, one that was passed over is often the cause. */
function withIgnored(
  trouble: Error | undefined,
  [first]: readonly string[],
): Error | undefined {
  if (!(trouble instanceof CniError) || first === undefined) return trouble;
  const { code, message, details, cause } = trouble;
  const both = [details, first].filter(Boolean).join(". Besides, ");
  return new CniError(code, message, { details: both, cause });
}

/** What the files say, what was remembered, and which of the nodes this one is. */
interface FilesFound {
  readonly memory: Memory;
  readonly damage: Error | undefined;
  readonly clusters: readonly ClusterSource[];
  readonly claims: readonly Claim[];
  readonly self: Found<Self>;
  readonly newest: bigint | undefined;
  /** The first that is wrong with any of it. */
  readonly trouble: Error | undefined;
}

/** How often a folder is read whose files go and come meanwhile. */
const MOST_TRIES = 5;

/** What is wrong counts where the folder has the same files afterwards: else one of them may just have gone. */
function lookAtStanding(
  session: Session,
  place: Reading,
): { readonly names: FolderNames; readonly files: FilesFound } {
  const { clustersDir } = place.config;
  for (let left = MOST_TRIES; ; left -= 1) {
    const names = namesIn(clustersDir);
    const files = lookAtFiles(session, place, names);
    if (files.trouble === undefined || left === 1) return { names, files };
    const now = placesIn(namesIn(clustersDir));
    if (now.join() === placesIn(names).join()) return { names, files };
  }
}

function lookAtFiles(
  { kernel, route }: Session,
  { config, host, reader }: Reading,
  names: FolderNames,
): FilesFound {
  const { clustersDir } = config;
  const { memory, damage } = recalled(kernel, clustersDir);
  const { newest, hasFiles } = folderAge(names);
  const files = attempt(() => reader.clusters(names));
  const clusters = files.value ?? [];
  const self: Found<Self> =
    clusters.length === 0
      ? {}
      : attempt(() => findSelf(clusters, config.node, { host, route }));
  const troubles = [
    hasFiles ? undefined : (goneFiles(config, memory) ?? damage),
    files.trouble,
    isOlder(newest, memory.newest) ? outdated(clustersDir) : undefined,
    self.trouble,
  ];
  const trouble = troubles.find((each) => each !== undefined);
  // Strictly where all of them are right, else as far as they can be made out.
  const strict = attempt(() => files.value?.map(reader.claim));
  const claims = strict.value ?? readClaims(names);
  return { memory, damage, clusters, claims, self, newest, trouble };
}

/** Where the file cannot be read, nothing is remembered. */
function recalled(kernel: Kernel, folder: string) {
  const { value, trouble } = attempt(() => recall(kernel, folder));
  const { memory, damage } = value ?? { memory: NO_MEMORY };
  return { memory, damage: trouble ?? damage };
}

function linkFound(
  { route }: Session,
  { config, reader, whereabouts = writtenWhereabouts }: Reading,
  { clusters, self: { value: self }, trouble }: FilesFound,
): Found<LinkedNode> {
  if (trouble !== undefined || self === undefined) return {};
  const found = { clusters, self, config, reader, whereabouts };
  return attempt(() => linkNode(found, route));
}

function writtenWhereabouts(): Whereabouts {
  return readWhereabouts(charonPlaces(ikeFolder(AGENT_SOCKET)).state);
}

function refusalOf(
  refusals: readonly Refusal[],
  { route }: Session,
): Error | undefined {
  return refusals.length === 0 ? undefined : refused(refusals, route);
}

function attempt<Value>(look: () => Value): Found<Value> {
  try {
    return { value: look() };
  } catch (trouble) {
    if (trouble instanceof Error) return { trouble };
    throw trouble;
  }
}

/** On a node that was never linked an empty folder links nothing. */
function goneFiles(
  { clustersDir }: NetworkConfiguration,
  memory: Memory,
): Error | undefined {
  return memory.clusters.size > 0 ? emptied(clustersDir, memory) : undefined;
}

/** The pods of the nodes that this one is a gateway for. */
function leavesOf(node: LinkedNode | undefined): readonly Cidr[] {
  if (node === undefined || node.mesh.role !== "tunnel") return [];
  return companionsOf(node).flatMap(({ remoteCidrs }) => remoteCidrs);
}

/** On a node that was never linked nothing is to be remembered. */
function dated(
  memory: Memory,
  {
    folder,
    newest,
  }: { readonly folder: string; readonly newest?: bigint | undefined },
): Memory {
  if (memory.clusters.size === 0) return memory;
  return { ...memory, folder, ...(newest === undefined ? {} : { newest }) };
}

/** The look itself, where there is no trouble. */
export function orThrow(look: Look): Look {
  if (look.trouble !== undefined) throw look.trouble;
  return look;
}

/** What is said of a node without a cluster file. */
export const LINKED_TO_NOTHING =
  "The clusters folder holds no cluster file: this node is linked to nothing.";

/** A sentence for each file that is not read, or not whole, and each cluster that is fenced and that no file speaks of. */
export function fileWarnings({ decision, ignored, damage }: Look): string[] {
  return [
    ...ignored,
    ...(damage === undefined ? [] : [damage]),
    ...decision.unlinked.map(
      (name) =>
        `Cluster "${name}" is fenced, not linked: it has no file. \`crosslink forget ${name}\` opens it`,
    ),
  ];
}
