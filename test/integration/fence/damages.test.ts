import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";
import { oneKey } from "../../support/node-files.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
  site.node.shell(`
    ip neigh add 172.17.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent
    ip addr add fd17::2/64 dev eth0 nodad; ip -6 route add default via fd17::1
    ip -6 neigh add fd17::1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent`);
  site.writeCluster("a", own());
  site.writeCluster("b", far("10.1.0.0/16", "fd0b::/64"));
  site.writeKeyring(KEYRING);
});

afterEach(() => {
  site[Symbol.dispose]();
});

const KEYRING = oneKey();

function own(more: object = {}): object {
  return {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    ...more,
  };
}

function far(...podCIDRs: string[]): object {
  return { podCIDRs, nodes: [{ name: "node2", ips: ["172.17.2.2"] }] };
}

const file = (name: string): string => join(site.clustersDir, name);

function add(environment: Record<string, string> = {}): void {
  site.call("ADD", {
    pod: site.node,
    config: { prevResult: { cniVersion: "1.1.0" } },
    environment,
  });
}

/** Which of the addresses packets of this node are seen for at its uplink, where neither layer has a say. */
function open(...addresses: string[]): string[] {
  site.node.shell(
    `nft add table netdev wire
     nft 'add chain netdev wire out { type filter hook egress device "eth0" priority 0; }'
     ${addresses.map((address) => `nft add rule netdev wire out ${address.includes(":") ? "ip6" : "ip"} daddr ${address} counter`).join("\n")}`,
  );
  site.node.shell(
    `${addresses.map((address) => `ping -c 1 -W 1 ${address} >/dev/null 2>&1 & `).join("")} wait; true`,
  );
  const text = site.node.exec("nft", "list", "table", "netdev", "wire");
  site.node.exec("nft", "delete", "table", "netdev", "wire");
  return [...text.matchAll(/daddr (\S+) counter packets (\d+)/g)]
    .filter(([, , count]) => count !== "0")
    .map(([, address = ""]) => address);
}

it.each<[string, () => void]>([
  [
    "the keyring a folder",
    () => {
      rmSync(site.keyring);
      mkdirSync(site.keyring);
    },
  ],
  [
    "the keyring a link to nothing",
    () => {
      rmSync(site.keyring);
      symlinkSync("/none", site.keyring);
    },
  ],
  [
    "the keyring another user's",
    () => {
      chownSync(site.keyring, 65534, 65534);
    },
  ],
  [
    "the keyring empty",
    () => {
      writeFileSync(site.keyring, "");
    },
  ],
  [
    "a file of 0 bytes",
    () => {
      truncateSync(file("b.json"));
    },
  ],
  [
    "a file cut within a CIDR",
    () => {
      truncateSync(file("b.json"), 38);
    },
  ],
  [
    "a file renamed",
    () => {
      renameSync(file("b.json"), file("z.json"));
    },
  ],
  [
    "a file that is no longer one of ours by its name",
    () => {
      renameSync(file("b.json"), file("b.json.bak"));
    },
  ],
  [
    "a cluster renamed inside of its file",
    () => {
      writeFileSync(
        file("b.json"),
        JSON.stringify({ name: "renamed", ...far("10.1.0.0/16", "fd0b::/64") }),
      );
    },
  ],
  [
    "the own cluster renamed, and another file broken",
    () => {
      writeFileSync(
        file("a.json"),
        JSON.stringify({ name: "renamed", ...own() }),
      );
      writeFileSync(file("c.json"), "{");
    },
  ],
  [
    "CIDRs widened",
    () => {
      site.writeCluster("b", far("10.0.0.0/8", "fd0b::/48"));
    },
  ],
  [
    "a name twice",
    () => {
      writeFileSync(
        file("c.json"),
        JSON.stringify({ name: "b", ...far("10.9.0.0/16") }),
      );
    },
  ],
  [
    "the own name twice",
    () => {
      writeFileSync(
        file("c.json"),
        JSON.stringify({ name: "a", ...far("10.1.0.0/16") }),
      );
    },
  ],
  [
    "the folder a file",
    () => {
      rmSync(site.clustersDir, { recursive: true });
      writeFileSync(site.clustersDir, "");
    },
  ],
  [
    "the folder a link to nothing",
    () => {
      rmSync(site.clustersDir, { recursive: true });
      symlinkSync("/none", site.clustersDir);
    },
  ],
  [
    "the folder writable by all",
    () => {
      chmodSync(site.clustersDir, 0o777);
    },
  ],
  [
    "a file another user's",
    () => {
      chownSync(file("b.json"), 65534, 65534);
    },
  ],
  [
    "a ConfigMap within its swap",
    () => {
      rmSync(file("b.json"));
      symlinkSync("..data/b.json", file("b.json"));
      symlinkSync("..gone", file("..data"));
    },
  ],
  [
    "another file that says of all that it is plain",
    () => {
      site.writeCluster("b", {
        encryption: "none",
        ...far("10.1.0.0/16", "fd0b::/64"),
      });
      writeFileSync(file("c.json"), "{");
    },
  ],
  [
    "the own file broken",
    () => {
      truncateSync(file("a.json"), 20);
    },
  ],
  [
    "the own file gone, and its address too",
    () => {
      rmSync(file("a.json"));
      site.node.shell(
        "ip addr del 172.17.1.2/24 dev eth0; ip addr add 172.17.1.9/24 dev eth0; ip route replace default via 172.17.1.1; ip neigh replace 172.17.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent",
      );
    },
  ],
  [
    "the node's name another",
    () => {
      site.writeCluster(
        "a",
        own({ nodes: [{ name: "other", ips: ["172.17.9.9"] }] }),
      );
    },
  ],
])(
  "%s, and both layers flushed at once: the next ADD closes what was closed",
  (_, damage) => {
    add();
    damage();
    site.node.shell("ip xfrm policy flush; nft flush ruleset");
    expect(open("10.1.0.9", "fd0b::9")).toEqual(["10.1.0.9", "fd0b::9"]);
    add();
    expect(open("10.1.0.9", "fd0b::9", "192.0.2.9")).toEqual(["192.0.2.9"]);
    site.node.shell("ip xfrm policy flush");
    expect(open("10.1.0.9", "fd0b::9"), "by rules alone").toEqual([]);
  },
);
