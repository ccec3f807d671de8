/** The machines of an example of conf/examples, as its cluster files describe them. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { loadClusters } from "../../../conf/clusters.ts";
import { iptablesPath } from "../../support/iptables-path.ts";
import { type Place, removePlaces } from "../../support/namespace.ts";
import { filesFolder, nodeFiles, oneKey } from "../../support/node-files.ts";
import { buildLocations, locationsOf, type Member } from "./locations.ts";

/** The machines, a router for each location, and the internet between them. Disposing of it removes all of it. */
export interface World extends Disposable {
  readonly internet: Place;
  readonly machines: readonly Member[];
  /** By its name in the cluster files. */
  readonly machine: (name: string) => Member;
  /** The router of a cluster's location. */
  readonly router: (cluster: string) => Place;
  /** `PATH` of the nodes' programs, with legacy iptables. */
  readonly path: string;
}

const examples = join(import.meta.dirname, "../../../conf/examples");

let made = 0;

/** Nodes that the files give one network (IPv4's /24, IPv6's /64) are on one link; a location's router joins its links. */
export function world(example: string): World {
  const prefix = `clt-${process.pid}-shape${made++}`;
  const folder = filesFolder();
  const texts = textsOf(example);
  const machines = machinesOf(texts, { prefix, folder });
  for (const machine of machines) {
    writeAll(machine.clustersDir, texts);
    machine.writeKeyring(oneKey());
  }
  const internet = { name: `${prefix}-internet` };
  const locations = locationsOf(machines, prefix);
  buildLocations(internet, locations);
  return {
    internet,
    machines,
    machine: (name) => required(machines, (machine) => machine.name === name),
    router: (cluster) =>
      required(locations, (location) => location.cluster === cluster).router,
    path: iptablesPath(folder, "iptables-legacy"),
    [Symbol.dispose]: () => {
      const routers = locations.map(({ router }) => router);
      const nodes = machines.map(({ namespace }) => namespace);
      removePlaces([internet, ...routers, ...nodes]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** The example's files by name. Written anew they are root's, whoever checked the repository out. */
function textsOf(example: string): Map<string, string> {
  const folder = join(examples, example);
  return new Map(
    readdirSync(folder).map((name) => [
      name,
      readFileSync(join(folder, name), "utf8"),
    ]),
  );
}

function machinesOf(
  texts: ReadonlyMap<string, string>,
  { prefix, folder }: { prefix: string; folder: string },
): Member[] {
  const first = join(folder, "example");
  writeAll(first, texts);
  return loadClusters(first).flatMap(({ cluster }) =>
    cluster.nodes.map((entry) => ({
      cluster: cluster.name,
      name: entry.name,
      entry,
      namespace: { name: `${prefix}-${entry.name}` },
      ...nodeFiles(join(folder, entry.name)),
    })),
  );
}

function writeAll(folder: string, texts: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of texts) writeFileSync(join(folder, name), text);
}

function required<T>(list: readonly T[], matches: (one: T) => boolean): T {
  const found = list.find(matches);
  if (found === undefined) throw new Error("The world has no such place");
  return found;
}
