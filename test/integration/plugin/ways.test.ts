import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPlan } from "../../../plugin/commands/plan.ts";
import { runStatus } from "../../../plugin/commands/status.ts";
import type { Namespace } from "../../support/namespace.ts";
import {
  type CallOutcome,
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { addPod, routedPod, shownBy } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

const add = (): CallOutcome => addPod(site, pod);

const shown = (command: typeof runPlan): string => shownBy(site, command);

/** A script that breaks the way, how the sentence begins, and an address in the network that the kernel has no way to. */
type Case = [script: string, sentence: string, address?: string];

/** What the kernel itself says of a pod's packet to an address of the remote network. */
function wayOf(address: string): string {
  const { stdout, stderr } = site.node.try(
    "ip",
    ...["route", "get", address, "from", "10.0.0.7", "iif", "veth0"],
  );
  return stdout + stderr;
}

const DISCARDS = ["blackhole", "unreachable", "prohibit"] as const;

const TO_ROUTER: Case[] = [
  [
    "ip route del default; ip addr flush dev eth0; ip addr add 172.17.1.2/32 dev eth0",
    'No route leads to the router 172.17.1.1 of "office", so 192.168.7.0/24 cannot be reached: `ip route get 172.17.1.1` says why',
  ],
  [
    "ip addr add 172.17.1.1/32 dev lo",
    'The router 172.17.1.1 of "office" is an address of this node itself, so 192.168.7.0/24 cannot be reached: put the address of another host into "ips" in the file of "office"',
  ],
  [
    "ip addr add 172.17.1.0/31 broadcast 172.17.1.1 dev eth0",
    'The router 172.17.1.1 of "office" is the broadcast address of a network of this node, so 192.168.7.0/24 cannot be reached',
  ],
  [
    "ip link add d0 type veth peer d1; ip link set d0 up; ip route add 172.17.1.1/32 dev d0",
    'The route to the router 172.17.1.1 of "office" leads over d0, which is down or has no carrier',
  ],
  ...DISCARDS.map((type): Case => [
    `ip route add ${type} 172.17.1.1`,
    `This node's route "${type} 172.17.1.1" throws away what goes to the router 172.17.1.1 of "office", so 192.168.7.0/24 cannot be reached: remove it, \`ip route del ${type} 172.17.1.1\``,
  ]),
  [
    "ip rule add to 172.17.1.1 unreachable priority 90",
    'This node\'s rule "90: from all to 172.17.1.1 unreachable" throws away what goes to the router 172.17.1.1 of "office"',
  ],
  [
    "ip rule add iif lo lookup 55 priority 91; ip route add blackhole default table 55",
    'This node\'s route "blackhole default table 55" throws away what goes to the router 172.17.1.1 of "office"',
  ],
  [
    "ip rule add uidrange 0-0 lookup 56 priority 92; ip route add default via 172.17.1.9 table 56; ip route add blackhole 172.17.1.1",
    'This node\'s route "blackhole 172.17.1.1" throws away what goes to the router 172.17.1.1 of "office"',
  ],
];

const TO_NETWORK: Case[] = [
  ...DISCARDS.flatMap((type): Case[] => [
    [
      `ip route add ${type} 192.168.7.64/26`,
      `Packets to 192.168.7.64/26, in 192.168.7.0/24 of "office", end at this node's ${type} route "${type} 192.168.7.64/26": remove it, \`ip route del ${type} 192.168.7.64/26\``,
      "192.168.7.65",
    ],
    [
      `ip rule add to 192.168.0.0/16 ${type} priority 100`,
      `Packets to 192.168.7.0/24 of "office" end at this node's rule "100: from all to 192.168.0.0/16 ${type}": remove it, \`ip rule del from all to 192.168.0.0/16 ${type} priority 100\``,
      "192.168.7.9",
    ],
  ]),
  [
    "ip route add throw 192.168.7.9",
    'Packets to 192.168.7.9/32, in 192.168.7.0/24 of "office", end at this node\'s throw route "throw 192.168.7.9"',
    "192.168.7.9",
  ],
  [
    "ip rule add from 10.0.0.0/24 lookup 77; ip route add blackhole default table 77",
    'Packets to 192.168.7.0/24 of "office" end at this node\'s blackhole route "blackhole default table 77"',
    "192.168.7.9",
  ],
  [
    "ip rule add from 10.0.0.7 lookup 77; ip route add prohibit 192.168.7.0/25 table 77",
    'Some pods\' packets to 192.168.7.0/25, in 192.168.7.0/24 of "office", end at',
    "192.168.7.9",
  ],
  [
    "ip rule add not from all fwmark 0xca6c lookup 51820; ip rule add lookup main suppress_prefixlength 0; ip route add default via 172.17.1.9 table 51820",
    '192.168.7.0/24 of "office" goes over eth0 by the route "default via 172.17.1.9 dev eth0 table 51820", by the rule "32765: not from all fwmark 0xca6c lookup 51820", not to its router',
    "192.168.7.9",
  ],
  [
    "ip rule add ipproto tcp dport 5432-5433 lookup 78 priority 8; ip route add default via 172.17.1.9 table 78",
    '192.168.7.0/24 of "office" goes over eth0 for some packets by the route "default via 172.17.1.9 dev eth0 table 78", by the rule "8: from all ipproto tcp dport 5432-5433 lookup 78", not to its router 172.17.1.1: remove that rule, `ip rule del from all ipproto tcp dport 5432-5433 lookup 78 priority 8`',
  ],
  [
    "ip rule add tos 0x10 ipproto udp sport 53 lookup 79 priority 9; ip route add blackhole 192.168.7.0/25 table 79",
    'Some packets to 192.168.7.0/25, in 192.168.7.0/24 of "office", end at this node\'s blackhole route "blackhole 192.168.7.0/25 table 79", by the rule "9: from all tos 0x10 ipproto udp sport 53 lookup 79": remove it, `ip rule del from all tos 0x10 ipproto udp sport 53 lookup 79 priority 9`',
  ],
  [
    "ip rule add to 192.168.7.0/24 uidrange 0-9 lookup 80 priority 9; ip route add prohibit default table 80",
    'Packets to 192.168.7.0/24 of "office" end at this node\'s prohibit route "prohibit default table 80", by the rule "9: from all to 192.168.7.0/24 uidrange 0-9 lookup 80"',
    "192.168.7.9",
  ],
  [
    "ip rule add ipproto icmp lookup 81 priority 9; ip link add d0 type veth peer d1; ip link set d0 up; ip route add default via 172.17.1.1 dev d0 onlink table 81",
    '192.168.7.0/24 of "office" goes by the route "default via 172.17.1.1 dev d0 table 81", by the rule "9: from all ipproto icmp lookup 81", and d0 is down or has no carrier',
  ],
  [
    "ip rule add from 192.168.7.0/24 blackhole priority 6",
    "Packets from other clusters to 10.0.0.0/24, this node's pods, end at this node's rule \"6: from 192.168.7.0/24 blackhole\"",
  ],
  [
    "ip rule add from 10.0.0.0/24 lookup 88 priority 7; ip route add default via 172.17.1.9 table 88",
    '192.168.7.0/24 of "office" goes over eth0 by the route "default via 172.17.1.9 dev eth0 table 88", by the rule "7: from 10.0.0.0/24 lookup 88", not to its router 172.17.1.1',
    "192.168.7.9",
  ],
  [
    "ip link add br0 type bridge; ip addr add 192.168.0.1/16 dev br0; ip link set br0 up",
    '192.168.7.0/24 of "office" goes over br0 by the route "192.168.0.0/16 dev br0", not to its router 172.17.1.1',
    "192.168.7.9",
  ],
  [
    "ip route add 192.168.7.128/25 via 172.17.1.9",
    '192.168.7.128/25, in 192.168.7.0/24 of "office" goes over eth0 by the route "192.168.7.128/25 via 172.17.1.9 dev eth0", not to its router 172.17.1.1: remove that route, `ip route del 192.168.7.128/25 via 172.17.1.9 dev eth0`',
    "192.168.7.129",
  ],
  [
    "ip link add d0 type veth peer d1; ip link set d0 up; ip route add 192.168.0.0/16 via 172.17.1.1 dev d0 onlink",
    '192.168.7.0/24 of "office" goes by the route "192.168.0.0/16 via 172.17.1.1 dev d0", and d0 is down or has no carrier',
    "192.168.7.9",
  ],
];

describe("a plain network", () => {
  beforeEach(() => {
    linkOffice(site);
  });

  it.each<Case>([...TO_ROUTER, ...TO_NETWORK])(
    "that has no usable way is named by plan, by status and in the log of an ADD: %s",
    (script, sentence, address) => {
      expect(shown(runPlan)).not.toContain("Warning");
      site.node.shell(script);
      expect(add().stderr).toContain(JSON.stringify(sentence).slice(1, -1));
      if (address !== undefined)
        expect(wayOf(address)).not.toContain("via 172.17.1.1 dev eth0");
      expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
      const said = shown(runStatus);
      expect(said).toContain(`Warning: ${sentence}`);
      // What is to be typed ends it.
      const [, command] = /`(ip (?:route|rule) del [^`]+)`/.exec(said) ?? [];
      if (command === undefined) return;
      site.node.shell(command);
      expect(shown(runStatus)).not.toContain(sentence);
    },
  );

  it.each([
    "ip route add blackhole 192.168.0.0/16",
    "ip route add unreachable 192.168.7.0/24 metric 50",
    "ip rule add to 192.168.8.0/24 prohibit",
    "ip rule add fwmark 0x80000/0xff0000 unreachable",
    "ip route replace default via 172.17.1.9; ip rule add not from all fwmark 0xca6c lookup 51820; ip rule add lookup main suppress_prefixlength 0; ip route add default via 172.17.1.9 table 51820",
    "ip rule add from 10.9.0.0/16 blackhole; ip rule add iif eth0 to 10.9.0.0/16 prohibit",
    "ip rule add ipproto tcp dport 25 prohibit",
    "ip rule add ipproto tcp lookup 9; ip route add 192.168.7.0/24 via 172.17.1.1 table 9",
    "ip rule add uidrange 1-9 lookup 9; ip route add blackhole default table 9",
    "ip rule add iif lo to 192.168.7.0/24 blackhole",
    "ip rule add to 192.168.7.0/24 lookup 9; ip route add 192.168.7.0/24 via 172.17.1.1 table 9",
    "ip rule add priority 10 goto 20; ip rule add priority 15 blackhole; ip rule add priority 20 lookup main",
  ])("that has a way all the same is not warned of: %s", (script) => {
    site.node.shell(script);
    expect(add()).toMatchObject({ exitCode: 0 });
    expect(wayOf("192.168.7.9")).toContain("via 172.17.1.1 dev eth0");
    expect(shown(runPlan)).not.toContain("Warning");
    expect(shown(runStatus)).not.toContain("Warning");
  });

  it("some pods of which meet a rule by their device is named once they are there", () => {
    expect(add()).toMatchObject({ exitCode: 0 });
    site.node.shell("ip rule add iif veth0 prohibit priority 5");
    expect(wayOf("192.168.7.9")).toContain("Permission denied");
    const sentence =
      'Some pods\' packets to 192.168.7.0/24 of "office" end at this node\'s rule "5: from all iif veth0 prohibit"';
    expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
    expect(shown(runStatus)).not.toContain("Packets from other clusters");
  });

  it("whose router does not answer is named by status", () => {
    add();
    site.node.shell(
      "ip neigh replace 172.17.1.1 dev eth0 nud permanent lladdr 02:00:00:00:00:01",
    );
    expect(shown(runStatus)).not.toContain("Warning");
    site.node.shell("ip neigh del 172.17.1.1 dev eth0");
    site.node.try("ping", "-c1", "-W4", "172.17.1.1");
    expect(site.node.exec("ip", "neigh")).toContain("FAILED");
    expect(shown(runStatus)).toContain(
      'Warning: Nobody answers for 172.17.1.1 on eth0, by which packets go to the router 172.17.1.1 of "office", so 192.168.7.0/24 cannot be reached',
    );
    expect(add().stderr).not.toContain("Nobody answers");
  });
});

describe("a plain network of IPv6", () => {
  beforeEach(() => {
    site.writeCluster("own", {
      podCIDRs: ["10.0.0.0/24", "fd00:1::/64"],
      nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    });
    site.writeCluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.7.0/24", "fd07::/64"],
      nodes: [{ name: "router", ips: ["172.17.1.1"] }],
    });
  });

  it("is not put on the link where its router has no IPv6 address, and that is said", () => {
    site.node.shell("ip addr add fd17::2/64 dev eth0 nodad");
    const sentence =
      'There is no way to fd07::/64 of "office": its router 172.17.1.1 has no IPv6 address in its file; give the router an IPv6 address in "ips", or set a route: `ip -6 route add fd07::/64 via ROUTER`';
    expect(add().stderr).toContain(JSON.stringify(sentence).slice(1, -1));
    expect(site.node.exec("ip", "-6", "route")).not.toContain("fd07::/64");
    expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
    expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
    site.node.shell("ip -6 route add fd07::/64 via fd17::1");
    expect(add().stderr).not.toContain("no way");
    expect(shown(runStatus)).not.toContain("Warning");
  });

  it("names its prohibit route as `ip -6 route` prints it", () => {
    site.node.shell("ip -6 route add prohibit fd07::/65 metric 9");
    expect(shown(runStatus)).toContain(
      'Packets to fd07::/65, in fd07::/64 of "office", end at this node\'s prohibit route "prohibit fd07::/65 metric 9": remove it, `ip -6 route del prohibit fd07::/65 metric 9`',
    );
  });
});

it("says that a plain network without a router has no way, until a route leads there", () => {
  linkOffice(site);
  site.writeCluster("office", {
    encryption: "none",
    podCIDRs: ["192.168.7.0/24"],
  });
  expect(add().stderr).not.toContain("no way");
  site.node.shell("ip route del default");
  const sentence = 'There is no way to 192.168.7.0/24 of "office": ';
  expect(shown(runPlan)).toContain(sentence);
  expect(shown(runStatus)).toContain(sentence);
  site.node.shell("ip route add 192.168.0.0/16 via 172.17.1.9");
  expect(shown(runStatus)).not.toContain("Warning");
});

describe("a device that passes nothing on", () => {
  beforeEach(() => {
    linkOffice(site);
    add();
  });

  it.each(["veth0", "eth0"])("is named: %s", (device) => {
    expect(shown(runStatus)).not.toContain("forwarding");
    site.node.shell(`sysctl -qw net.ipv4.conf.${device}.forwarding=0`);
    for (const command of [runPlan, runStatus])
      expect(shown(command)).toContain(
        `Warning: The sysctl forwarding is 0 for ${device}: pods' packets that come in there are not passed on. \`sysctl -w net/ipv4/conf/${device}/forwarding=1\``,
      );
    site.node.shell(`sysctl -w net/ipv4/conf/${device}/forwarding=1`);
    expect(shown(runStatus)).not.toContain("forwarding");
  });

  it("is not where the node forwards nothing: apply mends that", () => {
    site.node.shell("sysctl -qw net.ipv4.ip_forward=0");
    expect(shown(runPlan)).not.toContain("Warning");
    expect(shown(runPlan)).toContain("ip_forward=1");
  });
});

describe("an encrypted cluster", () => {
  beforeEach(() => {
    site.writeCluster("own", {
      podCIDRs: ["10.0.0.0/24"],
      nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    });
    site.writeCluster("b", {
      podCIDRs: ["10.1.0.0/24"],
      nodes: [
        { name: "b1", ips: ["172.17.2.2"], podCIDRs: ["10.1.0.0/25"] },
        { name: "b2", ips: ["172.17.2.3"], podCIDRs: ["10.1.0.128/25"] },
      ],
    });
    const secret = Buffer.alloc(32, 7).toString("base64");
    site.writeKeyring({ active: 1, keys: [{ id: 1, secret }] });
  });

  it.each([
    [
      "ip route add prohibit 172.17.2.0/24",
      'This node\'s route "prohibit 172.17.2.0/24" throws away what goes to 172.17.2.2, a node\'s that leads to "b"',
    ],
    [
      "ip rule add from 172.17.1.2 to 172.17.0.0/16 blackhole priority 3",
      'This node\'s rule "3: from 172.17.1.2 to 172.17.0.0/16 blackhole" throws away what goes to 172.17.2.2',
    ],
    [
      "ip route del default",
      'No route leads to 172.17.2.2, a node\'s that leads to "b", so 10.1.0.0/24 cannot be reached',
    ],
    [
      "ip route add unreachable 10.1.0.0/24",
      'Packets to 10.1.0.0/24 of "b" end at this node\'s unreachable route "unreachable 10.1.0.0/24"',
    ],
    [
      "ip route add blackhole 10.1.0.128/26",
      'Packets to 10.1.0.128/26, in 10.1.0.0/24 of "b", end at',
    ],
    [
      "ip rule add from all to 10.1.0.0/16 prohibit priority 4",
      'Packets to 10.1.0.0/24 of "b" end at this node\'s rule "4: from all to 10.1.0.0/16 prohibit"',
    ],
  ])("that has no usable way is named: %s", (script, sentence) => {
    expect(shown(runPlan)).not.toContain("Warning");
    site.node.shell(script);
    expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
    expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
  });

  it.each(["blackhole", "unreachable", "prohibit"])(
    "gets a route of its own past a wider %s route",
    (type) => {
      site.node.shell(`ip route add ${type} 10.0.0.0/8`);
      expect(shown(runPlan)).toContain(
        "+ route 10.1.0.0/24 via 172.17.1.1 dev eth0",
      );
      expect(shown(runPlan)).not.toContain("Warning");
    },
  );
});
