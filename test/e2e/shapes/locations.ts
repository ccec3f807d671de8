/** Cables, routers and addresses between members, as their cluster files have them. */
import { execFileSync } from "node:child_process";
import type { Node as Entry } from "../../../conf/generated/cluster.ts";
import { ipBatch, type Place } from "../../support/namespace.ts";
import { patientEnvironment } from "../../support/patience.ts";
import type { Machine } from "../support/topology.ts";

/** A member, as its cluster's file describes it. */
export interface Member extends Machine {
  readonly entry: Entry;
}

/** A router with links, and the members on each, whose ports are called as they are; a cluster's own, or that of the first cluster on a link. */
export interface Location {
  readonly cluster: string;
  readonly router: Place;
  /** By {@link networksOf} of the members on it. */
  readonly links: Map<string, Member[]>;
}

/** Which members are where. */
export function locationsOf(
  members: readonly Member[],
  prefix: string,
): Location[] {
  const locations: Location[] = [];
  for (const member of members) {
    const { cluster } = member;
    const link = networksOf(member.entry).join(" ");
    let location =
      locations.find(({ links }) => links.has(link)) ??
      locations.find((one) => one.cluster === cluster);
    if (location === undefined) {
      const router = { name: `${prefix}-site-${cluster}` };
      location = { cluster, router, links: new Map() };
      locations.push(location);
    }
    location.links.set(link, [...(location.links.get(link) ?? []), member]);
  }
  return locations;
}

/** `192.168.1.`, `2001:db8:a::`: what stands before the host's own part. */
function networksOf({ ips }: Entry): string[] {
  return ips.map((ip) => ip.replace(/[^.:]+$/, ""));
}

/** Makes all of it. One shell script, since starting a program is slow in a guest kernel. */
export function buildLocations(
  internet: Place,
  locations: readonly Location[],
): void {
  const places = [
    internet,
    ...locations.map(({ router }) => router),
    ...locations.flatMap(membersOf).map(({ namespace }) => namespace),
  ];
  const lines = [
    ipBatch(
      undefined,
      places.map(({ name }) => `netns add ${name}`),
    ),
    ...places.map(({ name }) => `ip -n ${name} link set lo up`),
    forwards(internet),
    ...locations.flatMap((location, index) =>
      locationLines(location, internet, index),
    ),
  ];
  execFileSync("sh", ["-ec", lines.join("\n")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: patientEnvironment(),
  });
}

function membersOf({ links }: Location): Member[] {
  return [...links.values()].flat();
}

function locationLines(
  location: Location,
  internet: Place,
  index: number,
): string[] {
  const { router, links } = location;
  const elastic = membersOf(location)
    .map(({ entry }) => entry)
    .filter(({ elasticIP }) => elasticIP !== undefined);
  return [
    forwards(router),
    ipBatch(router, [
      `link add uplink type veth peer name location${index} netns ${internet.name}`,
      "link set uplink up",
      `addr add 100.64.${index}.2/24 dev uplink`,
      `addr add fd64:${index}::2/64 dev uplink nodad`,
      `route add default via 100.64.${index}.1`,
      `route add default via fd64:${index}::1`,
      ...[...links].flatMap(([link, on], at) => linkCommands(link, on, at)),
    ]),
    ipBatch(internet, internetCommands(location, elastic, index)),
    ...[...links].flatMap(([link, on]) =>
      on.map((member) => memberLines(member, link)),
    ),
    `nsenter --net=/run/netns/${router.name} iptables-legacy-restore <<'END'\n${translation(elastic)}\nEND`,
  ];
}

function linkCommands(
  link: string,
  members: readonly Member[],
  at: number,
): string[] {
  return [
    `link add lan${at} type bridge`,
    `link set lan${at} up`,
    ...link.split(" ").map((network) => address(`${network}1`, `lan${at}`)),
    ...members.flatMap(({ name, namespace }) => [
      `link add ${name} type veth peer name eth0 netns ${namespace.name}`,
      `link set ${name} master lan${at} up`,
    ]),
  ];
}

function internetCommands(
  { links }: Location,
  elastic: readonly Entry[],
  index: number,
): string[] {
  const routed = [...links.keys()]
    .flatMap((link) => link.split(" "))
    .filter((network) => network.includes(":"));
  return [
    `link set location${index} up`,
    `addr add 100.64.${index}.1/24 dev location${index}`,
    `addr add fd64:${index}::1/64 dev location${index} nodad`,
    ...elastic.map(
      ({ elasticIP }) => `route add ${elasticIP} via 100.64.${index}.2`,
    ),
    ...routed.map((network) => `route add ${network}/64 via fd64:${index}::2`),
  ];
}

function memberLines({ namespace, entry }: Member, link: string): string {
  return ipBatch(namespace, [
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
