/** The machines of an example of conf/examples, as its cluster files describe them. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadClusters } from "../../../conf/clusters.ts";
import { type Place, removePlaces } from "../support/topology.ts";
import { buildSites, type Machine, sitesOf } from "./sites.ts";

/** The machines, a router for each site, and the internet between them. Disposing of it removes all of it. */
export interface World extends Disposable {
  readonly internet: Place;
  readonly machines: readonly Machine[];
  /** By its name in the cluster files. */
  readonly machine: (name: string) => Machine;
  /** The router of a cluster's site. */
  readonly router: (cluster: string) => Place;
  /** `PATH` of the nodes' programs, with legacy iptables. */
  readonly path: string;
}

const examples = join(import.meta.dirname, "../../../conf/examples");

let made = 0;

/** Nodes that the files give one network (IPv4's /24, IPv6's /64) are on one link; a site's router joins its links. */
export function world(example: string): World {
  const prefix = `clt-${process.pid}-shape${made++}`;
  const folder = mkdtempSync(join(tmpdir(), "crosslink-shape-"));
  // Nobody else may write above the keyring, and anybody may read the rest.
  chmodSync(folder, 0o755);
  const texts = textsOf(example);
  const machines = machinesOf(texts, { prefix, folder });
  for (const machine of machines) writeFiles(machine, texts);
  const internet = { name: `${prefix}-internet` };
  const sites = sitesOf(machines, prefix);
  buildSites(internet, sites);
  return {
    internet,
    machines,
    machine: (name) => required(machines, (machine) => machine.name === name),
    router: (cluster) =>
      required(sites, (site) => site.cluster === cluster).router,
    path: legacyPath(folder),
    [Symbol.dispose]: () => {
      const routers = sites.map(({ router }) => router);
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
): Machine[] {
  const first = join(folder, "clusters.d");
  writeAll(first, texts);
  return loadClusters(first).flatMap(({ cluster }) =>
    cluster.nodes.map((entry) => ({
      cluster: cluster.name,
      name: entry.name,
      entry,
      namespace: { name: `${prefix}-${entry.name}` },
      folder: join(folder, entry.name),
    })),
  );
}

/** The example as it is, and the mesh's one keyring. */
function writeFiles(
  { folder }: Machine,
  texts: ReadonlyMap<string, string>,
): void {
  writeAll(join(folder, "clusters.d"), texts);
  const secret = Buffer.alloc(32, 0x5a).toString("base64");
  const keyring = { active: 1, keys: [{ id: 1, secret }] };
  writeFileSync(join(folder, "keyring.json"), JSON.stringify(keyring), {
    mode: 0o600,
  });
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

function legacyPath(folder: string): string {
  const links = join(folder, "bin");
  mkdirSync(links);
  for (const name of ["iptables", "ip6tables"])
    symlinkSync(`/usr/sbin/${name}-legacy`, join(links, name));
  return `${links}:/usr/sbin:/usr/bin:/sbin:/bin`;
}
