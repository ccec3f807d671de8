/** Cables, routers and addresses between machines, as their cluster files have them. */
import { execFileSync } from "node:child_process";
import type { Node as Entry } from "../../../conf/generated/cluster.ts";
import type { Place } from "../support/topology.ts";

/** A node that runs, with a folder for its own copy of the files. */
export interface Machine {
  readonly cluster: string;
  readonly name: string;
  readonly entry: Entry;
  readonly namespace: Place;
  /** Holds clusters.d/ and keyring.json. */
  readonly folder: string;
}

/** A router with links, and the machines on each; a cluster's own, or that of the first cluster on a link. */
export interface Site {
  readonly cluster: string;
  readonly router: Place;
  /** By {@link networksOf} of the machines on it. */
  readonly links: Map<string, Machine[]>;
}

/** Which machines are where. */
export function sitesOf(machines: readonly Machine[], prefix: string): Site[] {
  const sites: Site[] = [];
  for (const machine of machines) {
    const { cluster } = machine;
    const link = networksOf(machine.entry).join(" ");
    let site =
      sites.find(({ links }) => links.has(link)) ??
      sites.find((one) => one.cluster === cluster);
    if (site === undefined) {
      const router = { name: `${prefix}-site-${cluster}` };
      site = { cluster, router, links: new Map() };
      sites.push(site);
    }
    site.links.set(link, [...(site.links.get(link) ?? []), machine]);
  }
  return sites;
}

/** `192.168.1.`, `2001:db8:a::`: what stands before the host's own part. */
function networksOf({ ips }: Entry): string[] {
  return ips.map((ip) => ip.replace(/[^.:]+$/, ""));
}

/** Makes all of it. One shell script, since starting a program is slow in a guest kernel. */
export function buildSites(internet: Place, sites: readonly Site[]): void {
  const places = [
    internet,
    ...sites.map(({ router }) => router),
    ...sites.flatMap(machinesOf).map(({ namespace }) => namespace),
  ];
  const lines = [
    batch(
      undefined,
      places.map(({ name }) => `netns add ${name}`),
    ),
    ...places.map(({ name }) => `ip -n ${name} link set lo up`),
    forwards(internet),
    ...sites.flatMap((site, index) => siteLines(site, internet, index)),
  ];
  execFileSync("sh", ["-ec", lines.join("\n")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function machinesOf({ links }: Site): Machine[] {
  return [...links.values()].flat();
}

function siteLines(site: Site, internet: Place, index: number): string[] {
  const { router, links } = site;
  const elastic = machinesOf(site)
    .map(({ entry }) => entry)
    .filter(({ elasticIP }) => elasticIP !== undefined);
  return [
    forwards(router),
    batch(router, [
      `link add uplink type veth peer name site${index} netns ${internet.name}`,
      "link set uplink up",
      `addr add 100.64.${index}.2/24 dev uplink`,
      `addr add fd64:${index}::2/64 dev uplink nodad`,
      `route add default via 100.64.${index}.1`,
      `route add default via fd64:${index}::1`,
      ...[...links].flatMap(([link, on], at) => linkCommands(link, on, at)),
    ]),
    batch(internet, internetCommands(site, elastic, index)),
    ...[...links].flatMap(([link, on]) =>
      on.map((machine) => machineLines(machine, link)),
    ),
    `nsenter --net=/run/netns/${router.name} iptables-legacy-restore <<'END'\n${translation(elastic)}\nEND`,
  ];
}

function linkCommands(
  link: string,
  machines: readonly Machine[],
  at: number,
): string[] {
  return [
    `link add lan${at} type bridge`,
    `link set lan${at} up`,
    ...link.split(" ").map((network) => address(`${network}1`, `lan${at}`)),
    ...machines.flatMap(({ namespace }, port) => [
      `link add lan${at}p${port} type veth peer name eth0 netns ${namespace.name}`,
      `link set lan${at}p${port} master lan${at} up`,
    ]),
  ];
}

function internetCommands(
  { links }: Site,
  elastic: readonly Entry[],
  index: number,
): string[] {
  const routed = [...links.keys()]
    .flatMap((link) => link.split(" "))
    .filter((network) => network.includes(":"));
  return [
    `link set site${index} up`,
    `addr add 100.64.${index}.1/24 dev site${index}`,
    `addr add fd64:${index}::1/64 dev site${index} nodad`,
    ...elastic.map(
      ({ elasticIP }) => `route add ${elasticIP} via 100.64.${index}.2`,
    ),
    ...routed.map((network) => `route add ${network}/64 via fd64:${index}::2`),
  ];
}

function machineLines({ namespace, entry }: Machine, link: string): string {
  return batch(namespace, [
    "link set eth0 up",
    ...entry.ips.map((ip) => address(ip, "eth0")),
    ...link.split(" ").map((network) => `route add default via ${network}1`),
  ]);
}

function address(ip: string, device: string): string {
  return ip.includes(":")
    ? `addr add ${ip}/64 dev ${device} nodad`
    : `addr add ${ip}/24 dev ${device}`;
}

/** As clouds do it: one to one, and toward the internet alone. */
function translation(elastic: readonly Entry[]): string {
  const rules = elastic.flatMap(({ ips: [ip], elasticIP }) => [
    `-A PREROUTING -i uplink -d ${elasticIP} -j DNAT --to-destination ${ip}`,
    `-A POSTROUTING -o uplink -s ${ip} -j SNAT --to-source ${elasticIP}`,
  ]);
  return ["*nat", ...rules, "COMMIT"].join("\n");
}

function forwards({ name }: Place): string {
  return `nsenter --net=/run/netns/${name} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`;
}

function batch(inside: Place | undefined, commands: readonly string[]): string {
  const where = inside === undefined ? "" : `-n ${inside.name}`;
  return `ip ${where} -batch - <<'END'\n${commands.join("\n")}\nEND`;
}
