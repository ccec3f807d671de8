import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import { parseCidr } from "../../../ip/cidr.ts";
import type { Kernel } from "../../../plugin/kernel/kernel.ts";
import { silent } from "../../../plugin/kernel/log.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { raiseFence } from "../../../plugin/fence/raise.ts";
import { planRules } from "../../../plugin/fence/rules.ts";
import type { FenceWill } from "../../../plugin/fence/will.ts";
import { binding } from "../../support/binding.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";

/** include/uapi/linux/netlink.h */
const NETLINK_NETFILTER = 12;
const EPROTONOSUPPORT = 93;

let node: Namespace;
let wire: Namespace;
let pod: Namespace;
let kernel: Kernel;

beforeEach(() => {
  node = namespace();
  wire = namespace();
  pod = namespace();
  connect(node, "eth0", wire, "eth0");
  connect(node, "veth0", pod, "eth0");
  node.shell(`
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
    ip addr add 172.17.1.2/24 dev eth0; ip route add default via 172.17.1.1
    ip neigh add 172.17.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip addr add fd17::2/64 dev eth0 nodad; ip -6 route add default via fd17::1
    ip -6 neigh add fd17::1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip addr add 10.0.0.1/24 dev veth0; ip addr add fd0a::1/64 dev veth0 nodad`);
  pod.shell(`
    ip addr add 10.0.0.7/24 dev eth0; ip route add default via 10.0.0.1
    ip addr add fd0a::7/64 dev eth0 nodad; ip -6 route add default via fd0a::1`);
  kernel = { binding: withoutNftables(), netns: node.fd };
});

afterEach(() => {
  for (const each of [pod, wire, node]) each[Symbol.dispose]();
});

/** As a kernel that has no nf_tables answers. */
function withoutNftables(): typeof binding {
  return Object.create(binding, {
    open: {
      value: (protocol: number, netns: number) =>
        protocol === NETLINK_NETFILTER
          ? -EPROTONOSUPPORT
          : binding.open(protocol, netns),
    },
  }) as typeof binding;
}

const REMOTES = ["10.1.0.0/16", "10.2.3.4/32", "fd0b::/64"];

function raise(
  wanted = REMOTES,
  released: readonly string[] | "all" = [],
  leaves?: readonly string[],
) {
  const will: FenceWill = {
    wanted: wanted.map(parseCidr),
    released: released === "all" ? released : released.map(parseCidr),
    ...(leaves && { leaves: leaves.map(parseCidr), releasesLeaves: true }),
  };
  withSession(kernel, (session) => raiseFence(session, will, silent));
  return planRules(kernel, will).operations;
}

function saved(): string {
  return (
    node.exec("iptables-legacy-save") + node.exec("ip6tables-legacy-save")
  )
    .split("\n")
    .filter((line) => /^-A/.test(line))
    .join("\n");
}

/** How many packets to these addresses are seen on the uplink, counted at the device. */
function leaked(
  from: Pick<Namespace, "try">,
  ...addresses: string[]
): number[] {
  node.shell(
    `nft add table netdev wire
     nft 'add chain netdev wire out { type filter hook egress device "eth0" priority 0; }'`,
  );
  for (const address of addresses)
    node.exec(
      "nft",
      "add",
      "rule",
      "netdev",
      "wire",
      "out",
      address.includes(":") ? "ip6" : "ip",
      "daddr",
      address,
      "counter",
    );
  for (const address of addresses)
    from.try("ping", "-c", "2", "-i", "0.1", "-W", "1", address);
  const text = node.exec("nft", "list", "table", "netdev", "wire");
  node.exec("nft", "delete", "table", "netdev", "wire");
  return [...text.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
}

describe("on a kernel without nf_tables", () => {
  it("legacy iptables stops what goes out, where the policies are gone", () => {
    expect(raise()).toEqual([]);
    node.shell("ip xfrm policy flush");
    const to = ["10.1.0.9", "10.2.3.4", "fd0b::9"];
    expect(leaked(pod, ...to)).toEqual([0, 0, 0]);
    expect(leaked(node, ...to)).toEqual([0, 0, 0]);
    const [v4 = 0, v6 = 0] = leaked(pod, "192.0.2.9", "fd99::9");
    expect(v4).toBeGreaterThan(0);
    expect(v6).toBeGreaterThan(0);
    node.shell("iptables-legacy -w -t mangle -F POSTROUTING");
    expect(leaked(pod, "10.1.0.9")).not.toEqual([0]);
  });

  it("and what comes in from a remote CIDR", () => {
    raise();
    node.shell("ip xfrm policy flush");
    const hears = (source: string): boolean => {
      wire.shell(`
        ip link set eth0 address 02:00:00:00:00:01
        ip addr add ${source}/32 dev eth0; ip route replace 10.0.0.0/24 dev eth0 src ${source}
        ip neigh replace 10.0.0.7 dev eth0 lladdr ${mac()} nud permanent`);
      pod.shell(
        "nft -f - <<< 'table ip heard { chain in { type filter hook input priority 0; ip protocol icmp counter; }; }'",
      );
      wire.try("ping", "-c", "1", "-W", "1", "-I", source, "10.0.0.7");
      const text = pod.exec("nft", "list", "table", "ip", "heard");
      pod.exec("nft", "delete", "table", "ip", "heard");
      return !text.includes("packets 0 ");
    };
    expect(hears("192.0.2.7")).toBe(true);
    expect(hears("10.1.0.9")).toBe(false);
  });

  it("is put back where somebody flushed it, moved it behind an ACCEPT, or took a rule away", () => {
    raise();
    const right = saved();
    expect(right).toContain("--dir out --pol none");
    expect(right).toContain("--dir in --pol none");
    for (const damage of [
      "iptables-legacy -w -t mangle -F",
      "iptables-legacy -w -t raw -F PREROUTING; ip6tables-legacy -w -t raw -F PREROUTING",
      "iptables-legacy -w -t mangle -D POSTROUTING 1",
      "ip6tables-legacy -w -t mangle -F",
    ]) {
      node.shell(damage);
      expect(saved(), damage).not.toBe(right);
      expect(raise()).toEqual([]);
      expect(saved(), damage).toBe(right);
    }
    node.shell("iptables-legacy -w -t mangle -I POSTROUTING -j ACCEPT");
    raise();
    node.shell("ip xfrm policy flush");
    expect(leaked(pod, "10.1.0.9")).toEqual([0]);
  });

  it("keeps what others have there, adds, and releases by name alone", () => {
    node.shell(
      "iptables-legacy -w -t mangle -A POSTROUTING -p tcp --dport 7 -j MARK --set-mark 7",
    );
    const theirs = saved();
    raise();
    raise(["10.3.0.0/16"]);
    for (const cidr of [...REMOTES, "10.3.0.0/16"])
      expect(saved()).toContain(cidr);
    expect(raise(["10.3.0.0/16"], ["10.1.0.0/16"])).toEqual([]);
    expect(saved()).not.toContain("10.1.0.0/16");
    expect(saved()).toContain("10.2.3.4/32");
    raise([], "all");
    expect(saved()).toBe(theirs);
  });

  it("on a gateway a remote pod's packet goes on to a leaf by policy alone, by rules alone", () => {
    const leaves = ["10.9.2.0/24", "fd09:2::/64"];
    // As if it came out of a tunnel: this kernel has no ESP.
    node.shell(`
      ip addr add 10.1.0.9/32 dev lo; ip addr add 192.0.2.9/32 dev lo
      ip addr add fd0b::9/128 dev lo nodad
      iptables-legacy -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE
      ip6tables-legacy -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE`);
    const passed = (source: string, destination: string): boolean =>
      leaked(withSource(source), destination)[0] !== 0;
    expect(raise(REMOTES, [], [])).toEqual([]);
    node.shell("ip xfrm policy flush");
    expect(passed("10.1.0.9", "10.9.2.7")).toBe(true);
    expect(passed("fd0b::9", "fd09:2::7")).toBe(true);
    expect(raise(REMOTES, [], leaves)).toEqual([]);
    node.shell("ip xfrm policy flush");
    expect(passed("10.1.0.9", "10.9.2.8")).toBe(false);
    expect(passed("fd0b::9", "fd09:2::8")).toBe(false);
    expect(passed("10.1.0.9", "10.9.3.8")).toBe(true);
    expect(passed("192.0.2.9", "10.9.2.8")).toBe(true);
  });

  it("keeps a leaf where nobody knows, puts it back, and lets it go where the files say so", () => {
    raise(REMOTES, [], ["10.9.2.0/24", "10.9.3.0/24"]);
    const right = saved();
    for (const cidr of ["10.9.2.0/24", "10.9.3.0/24"])
      expect(right).toContain(
        `-A crosslink-leaves -d ${cidr} -m policy --dir out --pol none`,
      );
    for (const damage of [
      "iptables-legacy -w -t mangle -F crosslink-leaves",
      "iptables-legacy -w -t mangle -I crosslink-leaves -j ACCEPT",
      "iptables-legacy -w -t mangle -F; iptables-legacy -w -t mangle -X",
    ]) {
      node.shell(damage);
      expect(saved(), damage).not.toBe(right);
      expect(raise(REMOTES, [], ["10.9.2.0/24", "10.9.3.0/24"])).toEqual([]);
      expect(saved(), damage).toBe(right);
    }
    expect(raise()).toEqual([]);
    expect(saved()).toBe(right);
    expect(raise(REMOTES, [], ["10.9.3.0/24"])).toEqual([]);
    expect(saved()).not.toContain("10.9.2.0/24");
    expect(raise(REMOTES, [], [])).toEqual([]);
    expect(node.exec("iptables-legacy-save")).not.toContain("leaves");
    raise(REMOTES, [], ["10.9.3.0/24"]);
    raise([], "all");
    expect(node.exec("iptables-legacy-save")).not.toContain("crosslink");
  });

  it("takes 3,000 networks in one piece", () => {
    const many = Array.from(
      { length: 3_000 },
      (_, index) =>
        `100.${String(64 + (index >> 8))}.${String(index & 255)}.0/24`,
    );
    expect(raise(many)).toEqual([]);
    expect(saved().split("\n")).toHaveLength(6_000);
  });

  it("crosslink teardown takes it down, with nf_tables too", () => {
    raise();
    const exitCode = runCommandLine(["teardown"], {
      kernel: () => ({ binding, netns: node.fd }),
      host: { nodeName: "node1", hostName: "no-such-host" },
      writeStdout: () => undefined,
      writeStderr: () => undefined,
    });
    expect(exitCode).toBe(0);
    expect(saved()).toBe("");
    expect(node.exec("ip", "xfrm", "policy")).toBe("");
  });
});

/** The node, where it sends by one of its addresses. */
function withSource(source: string): Pick<Namespace, "try"> {
  return {
    try: (command, ...args) => node.try(command, "-I", source, ...args),
  };
}

function mac(): string {
  const [{ address = "" } = {}] = node.ip("link", "show", "eth0") as {
    address?: string;
  }[];
  return address;
}
