import { execFileSync } from "node:child_process";
import type { FaultSite } from "./site.ts";

/** What the node's kernel holds that a CNI call may change, one line an object, sorted. */
export interface NodeState {
  readonly routes: readonly string[];
  readonly policies: readonly string[];
  /** nf_tables, and so iptables-nft: rules, chains, sets and their elements. */
  readonly netfilter: readonly string[];
  /** Devices with our label, and the sysctls that make them answer for the pod's neighbours. */
  readonly devices: readonly string[];
  /** The node's sysctls to forward, and to listen to routers all the same. */
  readonly forwarding: readonly string[];
}

/** Reads the node with other programs' eyes. */
export function nodeState(site: FaultSite): NodeState {
  const [routes, policies, netfilter, links, neighbours, forwarding] = inNode(
    site,
    `
    ip route show table main; ip -6 route show table main; echo "%"
    ip xfrm policy; echo "%"
    nft -s list ruleset; echo "%"
    ip -oneline link; echo "%"
    cd /proc/sys/net
    grep -Hs 1 $PWD/ipv4/conf/v*/proxy_arp $PWD/ipv6/conf/v*/proxy_ndp || true
    echo "%"
    grep -H . ipv4/ip_forward ipv6/conf/all/forwarding ipv6/conf/eth0/accept_ra`,
  ).split("%\n");
  return {
    routes: lines(routes ?? ""),
    policies: lines((policies ?? "").replaceAll(/\n\t+/g, "")),
    netfilter: lines(qualified(netfilter ?? "")),
    devices: [...labels(links ?? ""), ...lines(neighbours ?? "")].sort(),
    forwarding: lines(forwarding ?? ""),
  };
}

/** Lines that are there more than once. */
export function duplicates(state: NodeState): string[] {
  return Object.values(state).flatMap((all: readonly string[]) =>
    all.filter((line, index) => all.indexOf(line) !== index),
  );
}

/** Takes from the node whatever a call may have put there, as a reboot would. */
export function clearNode(site: FaultSite): void {
  inNode(
    site,
    `
    nft flush ruleset
    ip xfrm policy flush
    ip xfrm state flush
    ip -4 route flush table main proto 88
    ip -6 route flush table main proto 88
    for device in /proc/sys/net/ipv4/conf/v*; do
      ip link set "\${device##*/}" alias ""
      echo 0 >$device/proxy_arp
      echo 0 >/proc/sys/net/ipv6/conf/\${device##*/}/proxy_ndp
    done
    for accept in /proc/sys/net/ipv6/conf/*/accept_ra; do echo 1 >$accept; done
    echo 0 >/proc/sys/net/ipv4/ip_forward
    echo 0 >/proc/sys/net/ipv6/conf/all/forwarding`,
  );
}

/** Takes the notes that calls left on the node, too: what it remembers beyond a reboot, and what it found right. */
export function clearFiles({ inside }: FaultSite): void {
  const [nsenter, ...where] = inside;
  const script = "rm -rf /run/crosslink/* /var/lib/crosslink/*";
  execFileSync(nsenter!, [...where, "sh", "-ec", script]);
}

/** Runs a shell script in the node's namespace. Throws where its last word fails. */
export function inNode({ node }: FaultSite, script: string): string {
  return execFileSync("nsenter", [`--net=${node.path}`, "sh", "-ec", script], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: "pipe",
  });
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replaceAll(/ +(linkdown )?/g, " ").trim())
    .filter(Boolean)
    .sort();
}

/** Each line with the table and the chain that it stands in, so that equal rules of two chains stay two. */
function qualified(ruleset: string): string {
  const place: string[] = [];
  return ruleset
    .split("\n")
    .flatMap((line) => {
      const text = line.trim();
      if (text === "}") {
        place.pop();
        return [];
      }
      const shown = `${place.join(" ")}: ${text}`;
      if (text.endsWith("{")) place.push(text.slice(0, -1).trim());
      return text === "" ? [] : [shown];
    })
    .join("\n");
}

function labels(links: string): string[] {
  return links.split("\n").flatMap((line) => {
    const [, name] = /^\d+: (v\d+)@/.exec(line) ?? [];
    const [, alias] = /\balias (.*)$/.exec(line) ?? [];
    return name === undefined || alias === undefined
      ? []
      : [`${name} ${alias}`];
  });
}
