import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import { ADD, type Box, box } from "./box.ts";
import { bootedNode } from "./node.ts";
import { oneKey } from "../../support/node-files.ts";

let node: Namespace;
let machine: Box;

beforeEach(() => {
  machine = box();
  machine.writeCluster("a", {
    mode: "gateway",
    podCIDRs: ["10.0.0.0/16", "fd0a::/48"],
    nodes: [
      entryOf("gateway", "172.17.1.2", "10.0.1.0/24", { gateway: true }),
      entryOf("leaf", "172.17.1.3", "10.0.3.0/24"),
      entryOf("other-leaf", "172.17.1.4", "10.0.4.0/24"),
    ],
  });
  machine.writeCluster("b", {
    podCIDRs: ["10.1.0.0/16"],
    nodes: [entryOf("far", "172.17.2.2", "10.1.0.0/16")],
  });
  machine.writeKeyring(oneKey());
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

function entryOf(
  name: string,
  ip: string,
  podCidr: string,
  more: object = {},
): object {
  return { name, ips: [ip], podCIDRs: [podCidr], ...more };
}

function add(name: string, before = ":"): void {
  const config = JSON.stringify({
    cniVersion: "1.1.0",
    name: "pods",
    type: "crosslink",
    node: name,
    prevResult: { cniVersion: "1.1.0" },
  });
  machine.shell(node, `${before}; ${ADD}`, config);
}

/** What other tools see in each layer: the remote network, and the leaves' pods. */
function standing() {
  const policies = node.exec("ip", "xfrm", "policy");
  const { stdout } = node.try("nft", "list", "table", "inet", "crosslink");
  return {
    policies: policies.includes("dst 10.1.0.0/16"),
    rules: stdout.includes("10.1.0.0/16"),
    leaves: [...stdout.matchAll(/10\.0\.\d\.0\/24/g)].map(([cidr]) => cidr),
  };
}

const NEW_BOOT =
  "cat /proc/sys/kernel/random/uuid > /run/crosslink/boot; mount --bind /run/crosslink/boot /proc/sys/kernel/random/boot_id";

const NODES = [
  ["a gateway", "gateway", "172.17.1.2", ["10.0.3.0/24", "10.0.4.0/24"]],
  ["a leaf", "leaf", "172.17.1.3", []],
] as const;

describe.each(NODES)("%s, by what it remembers", (_, name, address, leaves) => {
  const whole = { policies: true, rules: true, leaves };

  const damages: [string, () => void][] = [
    [
      "the folder gone",
      () => {
        rmSync(machine.clustersDir, { recursive: true });
      },
    ],
    [
      "its own cluster's file broken",
      () => {
        writeFileSync(join(machine.clustersDir, "a.json"), "{");
      },
    ],
    [
      "its own cluster's file gone",
      () => {
        machine.removeCluster("a");
      },
    ],
  ];

  it.each(damages)("stands again after a flush: %s", (_, damage) => {
    node = bootedNode(address);
    add(name);
    expect(standing()).toEqual(whole);
    damage();
    node.shell("ip xfrm policy flush; nft flush ruleset");
    add(name);
    expect(standing()).toEqual(whole);
  });

  it.each(damages)("stands again after a reboot: %s", (_, damage) => {
    node = bootedNode(address);
    add(name);
    damage();
    node[Symbol.dispose]();
    node = bootedNode(address);
    expect(standing()).toEqual({ policies: false, rules: false, leaves: [] });
    add(name, NEW_BOOT);
    expect(standing()).toEqual(whole);
  });
});

it("forgets leaves as soon as the files say that the node is no gateway", () => {
  const [, gateway, address] = NODES[0];
  const far = [entryOf("far", "172.17.1.9", "10.1.0.0/16")];
  machine.writeCluster("c", {
    podCIDRs: ["10.2.0.0/16"],
    nodes: [entryOf("third", "172.17.1.8", "10.2.0.0/16")],
  });
  node = bootedNode(address);
  add(gateway);
  const stored = (): string =>
    readFileSync(join(machine.lib, "fence.json"), "utf8");
  expect(stored()).toContain("10.0.3.0/24");
  // Nothing that would need ESP, which this kernel may not have.
  machine.removeCluster("c");
  machine.writeCluster("b", {
    encryption: "none",
    podCIDRs: ["10.1.0.0/16"],
    nodes: far,
  });
  machine.writeCluster("a", {
    podCIDRs: ["10.0.0.0/16"],
    nodes: [entryOf(gateway, address, "10.0.1.0/24")],
  });
  add(gateway);
  expect(stored()).toContain("10.2.0.0/16");
  expect(stored()).not.toContain("10.0.3.0/24");
  expect(standing().leaves).toEqual([]);
});
