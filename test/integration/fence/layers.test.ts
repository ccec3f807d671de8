import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import { binding } from "../../support/binding.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import {
  type CallOutcome,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { addPod } from "../../support/routed-pod.ts";
import { oneKey } from "../../support/node-files.ts";

const KEYRING = oneKey();

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = namespace();
  connect(site.node, "veth0", pod, "eth0");
  site.node.shell(`
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
    ip addr add 169.254.1.1/32 dev veth0
    ip route add 10.0.0.7/32 dev veth0
    ip neigh add 172.17.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip addr add fd17::2/64 dev eth0 nodad
    ip -6 neigh add fd17::1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip -6 route add default via fd17::1
    ip addr add fe80::1/64 dev veth0 nodad
    ip -6 route add fd0a::7/128 dev veth0`);
  pod.shell(`
    ip addr add 10.0.0.7/32 dev eth0
    ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1
    ip addr add fd0a::7/128 dev eth0 nodad
    ip -6 route add fe80::1 dev eth0; ip -6 route add default via fe80::1 dev eth0`);
  site.writeCluster("a", {
    podCIDRs: ["10.0.0.0/24", "fd0a::/64"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("b", far("10.1.0.0/16", "fd0b::/64"));
  site.writeKeyring(KEYRING);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

function far(...podCIDRs: string[]): object {
  return { podCIDRs, nodes: [{ name: "node2", ips: ["172.17.2.2"] }] };
}

const add = (): CallOutcome => addPod(site, pod);

/** How many of the packets that the pod sends to these addresses are seen on the node's uplink. */
function leaked(...addresses: string[]): Record<string, number> {
  const before = counts(addresses);
  pod.try(
    "bash",
    "--norc",
    "-c",
    addresses.map((address) => `ping -c 2 -i 0.1 -W 1 ${address} & `).join("") +
      "wait",
  );
  const after = counts(addresses);
  return Object.fromEntries(
    addresses.map((address) => [
      address,
      (after[address] ?? 0) - (before[address] ?? 0),
    ]),
  );
}

/** Counted at the device, where neither layer of the fence has a say. */
function counts(addresses: readonly string[]): Record<string, number> {
  const wanted = addresses.map((address) => counterName(address));
  const exists = site.node.try("nft", "list", "table", "netdev", "wire");
  if (exists.status !== 0)
    site.node.shell(
      `nft add table netdev wire
       nft 'add chain netdev wire out { type filter hook egress device "eth0" priority 0; }'`,
    );
  for (const [index, address] of addresses.entries()) {
    const name = wanted[index] ?? "";
    if (
      site.node.try("nft", "list", "counter", "netdev", "wire", name).status ===
      0
    )
      continue;
    const family = address.includes(":") ? "ip6" : "ip";
    site.node.shell(
      `nft add counter netdev wire ${name}
       nft add rule netdev wire out ${family} daddr ${address} counter name ${name}`,
    );
  }
  return Object.fromEntries(
    addresses.map((address, index) => {
      const text = site.node.exec(
        "nft",
        "list",
        "counter",
        "netdev",
        "wire",
        wanted[index] ?? "",
      );
      return [address, Number(/packets (\d+)/.exec(text)?.[1])];
    }),
  );
}

function counterName(address: string): string {
  return `c${address.replaceAll(/[.:]/g, "_")}`;
}

const SHUT = { "10.1.0.9": 0, "fd0b::9": 0 };

describe("each layer of the fence alone stops packets", () => {
  it("nf_tables, where somebody flushed the policies", () => {
    add();
    site.node.shell("ip xfrm policy flush");
    const seen = leaked("10.1.0.9", "fd0b::9", "192.0.2.9");
    expect(seen).toMatchObject(SHUT);
    expect(seen["192.0.2.9"]).toBeGreaterThan(0);
  });

  it("the policies, where somebody flushed nf_tables", () => {
    add();
    site.node.shell("nft flush ruleset");
    const seen = leaked("10.1.0.9", "fd0b::9", "192.0.2.9");
    expect(seen).toMatchObject(SHUT);
    expect(seen["192.0.2.9"]).toBeGreaterThan(0);
  });

  it("and both gone, packets leave: the test can see them", () => {
    add();
    site.node.shell("ip xfrm policy flush; nft flush ruleset");
    const seen = leaked("10.1.0.9", "fd0b::9");
    expect(seen["10.1.0.9"]).toBeGreaterThan(0);
    expect(seen["fd0b::9"]).toBeGreaterThan(0);
  });

  it("the policies switched off on the uplink", () => {
    add();
    site.node.shell(`
      echo 1 > /proc/sys/net/ipv4/conf/eth0/disable_xfrm
      echo 1 > /proc/sys/net/ipv4/conf/eth0/disable_policy`);
    expect(leaked("10.1.0.9")).toEqual({ "10.1.0.9": 0 });
  });

  it("nor does a re-creation of the tables for NAT open it", () => {
    add();
    site.node.shell(
      "ip xfrm policy flush; nft delete table ip crosslink || true; nft delete table ip6 crosslink || true",
    );
    expect(leaked("10.1.0.9", "fd0b::9")).toEqual(SHUT);
  });
});

describe("whatever is wrong, both layers are put back first", () => {
  it.each<[string, () => void]>([
    [
      "no keyring",
      () => {
        rmSync(site.keyring);
      },
    ],
    [
      "a keyring that others can read",
      () => {
        site.writeKeyring(KEYRING, 0o644);
      },
    ],
    [
      "the other cluster's file broken",
      () => {
        writeFileSync(
          join(site.clustersDir, "b.json"),
          '{"name": "b", "podCIDRs": ["10.1.0',
        );
      },
    ],
    [
      "the other cluster's file empty",
      () => {
        writeFileSync(join(site.clustersDir, "b.json"), "");
      },
    ],
    [
      "a third cluster's file broken",
      () => {
        writeFileSync(join(site.clustersDir, "c.json"), "{");
      },
    ],
    [
      "the own cluster's file gone",
      () => {
        site.removeCluster("a");
      },
    ],
    [
      "the other cluster's file gone",
      () => {
        site.removeCluster("b");
      },
    ],
    [
      "the folder empty",
      () => {
        site.removeCluster("a");
        site.removeCluster("b");
      },
    ],
    [
      "the folder gone",
      () => {
        rmSync(site.clustersDir, { recursive: true });
      },
    ],
    [
      "the node's address changed",
      () => {
        site.node.shell(
          "ip addr del 172.17.1.2/24 dev eth0; ip addr add 172.17.1.3/24 dev eth0; ip route replace default via 172.17.1.1",
        );
      },
    ],
    [
      "the node unknown",
      () => {
        site.writeCluster("a", {
          podCIDRs: ["10.0.0.0/24", "fd0a::/64"],
          nodes: [{ name: "other", ips: ["172.17.9.9"] }],
        });
      },
    ],
    [
      "another program's policy in the way",
      () => {
        site.node.shell(
          "ip xfrm policy add src 10.1.0.0/16 dst 10.0.0.0/24 dir in priority 5 action allow",
        );
      },
    ],
    [
      "SNAT that cannot be",
      () => {
        site.writeCluster("a", {
          podCIDRs: ["10.0.0.0/24", "fd0a::/64"],
          globalCIDRs: { "10.0.0.0/24": "10.1.0.0/24" },
          nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
        });
      },
    ],
  ])("%s", (_, damage) => {
    add();
    damage();
    site.node.shell("ip xfrm policy flush");
    add();
    site.node.shell("nft flush ruleset");
    expect(leaked("10.1.0.9", "fd0b::9"), "by policies alone").toEqual(SHUT);
    add();
    site.node.shell("ip xfrm policy flush");
    expect(leaked("10.1.0.9", "fd0b::9"), "by rules alone").toEqual(SHUT);
  });
});

describe("a folder that is emptied", () => {
  it("is a mistake on a node that was linked, with what to do", () => {
    add();
    site.removeCluster("a");
    site.removeCluster("b");
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 7,
        msg: expect.stringContaining("linked to b") as string,
        details: expect.stringContaining("crosslink forget b") as string,
      },
    });
  });

  it("links nothing on a fresh node", () => {
    site.removeCluster("a");
    site.removeCluster("b");
    expect(add().exitCode).toBe(0);
    expect(site.node.exec("ip", "xfrm", "policy")).toBe("");
    expect(existsSync(join(site.folder, "never"))).toBe(false);
  });
});

it("refuses a CIDR that holds this node's address, by both names, and fences the others", () => {
  site.writeCluster("b", far("172.17.1.0/24", "10.1.0.0/16"));
  const { answer } = add();
  expect(answer).toMatchObject({ code: 7 });
  expect(String(answer?.["msg"])).toMatch(
    /cluster "b".*"172\.17\.1\.0\/24".*172\.17\.1\.2.*eth0/,
  );
  const policies = site.node.exec("ip", "xfrm", "policy");
  expect(policies).toContain("dst 10.1.0.0/16");
  expect(policies).not.toContain("172.17.1.0/24");
  expect(leaked("10.1.0.9")).toEqual({ "10.1.0.9": 0 });
});

it("retires a CIDR that the file, valid with all others, no longer has", () => {
  site.writeCluster("b", far("10.1.0.0/16", "10.2.0.0/16"));
  add();
  expect(site.node.exec("ip", "xfrm", "policy")).toContain("dst 10.2.0.0/16");
  site.writeCluster("b", far("10.1.0.0/16"));
  site.writeCluster("c", { podCIDRs: 7 });
  add();
  expect(site.node.exec("ip", "xfrm", "policy")).toContain("dst 10.2.0.0/16");
});

describe("crosslink forget", () => {
  const forget = (...words: string[]) => {
    const printed: string[] = [];
    const exitCode = runCommandLine(
      ["forget", ...words, "--clusters", site.clustersDir],
      {
        kernel: () => ({ binding, netns: site.node.fd }),
        host: { nodeName: "node1", hostName: "no-such-host" },
        writeStdout: (text) => printed.push(text),
        writeStderr: (text) => printed.push(text),
      },
    );
    return { exitCode, text: printed.join("") };
  };

  it("refuses while the cluster's file is there", () => {
    add();
    expect(forget("b")).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining('"b": its file is in') as string,
    });
    expect(leaked("10.1.0.9")).toEqual({ "10.1.0.9": 0 });
  });

  it("opens a cluster whose file has gone, says what, and only once", () => {
    site.writeCluster("c", far("10.3.0.0/16"));
    add();
    site.removeCluster("b");
    add();
    expect(forget("b", "--json")).toEqual({
      exitCode: 0,
      text: '{"cluster":"b","opened":["10.1.0.0/16","fd0b::/64"]}\n',
    });
    expect(forget("b").text).toContain("Nothing to open");
    const policies = site.node.exec("ip", "xfrm", "policy");
    const rules = site.node.exec("nft", "list", "table", "inet", "crosslink");
    for (const fence of [policies, rules]) {
      expect(fence).not.toContain("10.1.0.0/16");
      expect(fence).toContain("10.3.0.0/16");
    }
    add();
    expect(site.node.exec("ip", "xfrm", "policy")).not.toContain("10.1.0.0");
  });

  it("takes down the tunnels that still lead there, and no others", () => {
    site.writeCluster("c", far("10.3.0.0/16"));
    add();
    const both = (cidr: string, reqid: number): string => `
      ip xfrm policy add src 10.0.0.0/24 dst ${cidr} dir out priority 17200 tmpl src 172.17.1.2 dst 172.17.2.2 proto esp reqid ${String(reqid)} mode tunnel
      ip xfrm policy add src ${cidr} dst 10.0.0.0/24 dir in priority 17200 tmpl src 172.17.2.2 dst 172.17.1.2 proto esp reqid ${String(reqid)} mode tunnel
      ip xfrm policy add src ${cidr} dst 10.0.0.0/24 dir fwd priority 17200 tmpl src 172.17.2.2 dst 172.17.1.2 proto esp reqid ${String(reqid)} mode tunnel`;
    site.node.shell(
      `${both("10.1.0.0/16", 0x43_4c_00_01)}
       ${both("10.3.0.0/16", 0x43_4c_00_02)}
       ip xfrm policy add src 10.1.0.0/16 dst 10.9.0.0/24 dir out priority 17299 action block
       ip xfrm policy add src 10.7.0.0/16 dst 10.1.0.0/16 dir out priority 5 action block`,
    );
    site.removeCluster("b");
    expect(forget("b").exitCode).toBe(0);
    const left = site.node.exec("ip", "xfrm", "policy");
    expect(left.match(/^src .*10\.1\.0\.0.*$/gm)).toEqual([
      "src 10.7.0.0/16 dst 10.1.0.0/16 ",
    ]);
    for (const [near, far] of [
      ["10.0.0.0/24", "10.3.0.0/16"],
      ["10.3.0.0/16", "10.0.0.0/24"],
      ["0.0.0.0/0", "10.3.0.0/16"],
    ])
      expect(left).toContain(`src ${String(near)} dst ${String(far)}`);
  });

  it("lets an emptied folder link nothing, once all are forgotten", () => {
    add();
    site.removeCluster("a");
    site.removeCluster("b");
    expect(add().exitCode).toBe(1);
    forget("b");
    expect(add().exitCode).toBe(0);
    expect(site.node.exec("ip", "xfrm", "policy")).toBe("");
  });
});
