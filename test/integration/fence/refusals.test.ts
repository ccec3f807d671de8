import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import { ADD, type Box, box } from "./box.ts";
import { bootedNode } from "./node.ts";

let node: Namespace;
let machine: Box;

beforeEach(() => {
  node = bootedNode();
  machine = box();
  machine.writeCluster("a", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  machine.writeCluster("b", {
    podCIDRs: ["10.1.0.0/16", "fd0b::/64"],
    nodes: [{ name: "node2", ips: ["172.17.2.2"] }],
  });
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

/** What other tools see of each layer. */
function standing(): { policies: boolean; rules: boolean } {
  const policies = node.exec("ip", "xfrm", "policy");
  const { stdout: rules } = node.try(
    "nft",
    "list",
    "table",
    "inet",
    "crosslink",
  );
  const both = (text: string): boolean =>
    text.includes("10.1.0.0/16") && text.includes("fd0b::/64");
  return { policies: both(policies), rules: both(rules) };
}

const CLOSED = { policies: true, rules: true };
const OPEN = { policies: false, rules: false };

function entry(more: object): string {
  return JSON.stringify({
    cniVersion: "1.1.0",
    name: "pods",
    type: "crosslink",
    node: "node1",
    prevResult: { cniVersion: "1.1.0" },
    ...more,
  });
}

function flush(): void {
  node.shell("ip xfrm policy flush; nft flush ruleset");
  expect(standing()).toEqual(OPEN);
}

describe("an ADD that is refused for its input", () => {
  it.each<[string, string]>([
    ["no JSON", "{"],
    ["nothing", ""],
    ["an unknown value of snat", entry({ snat: "sometimes" })],
    ["an unknown key", entry({ clusterDir: "/x" })],
    ["a relative folder", entry({ clustersDir: "etc/clusters.d" })],
    ["a relative keyring", entry({ keyring: "keyring" })],
    ["a number for a node", entry({ node: 7 })],
    ["no prevResult", entry({ prevResult: null })],
    ["a prevResult that is none", entry({ prevResult: { interfaces: 7 } })],
    ["no name", entry({ name: "" })],
    ["a version of tomorrow", entry({ cniVersion: "9.9.9" })],
  ])("%s", (_, input) => {
    const { status, stdout } = machine.shell(node, ADD, input);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toHaveProperty("code");
    expect(standing()).toEqual(CLOSED);
  });

  it("without a container", () => {
    const call = ADD.replace("CNI_CONTAINERID=c1", "");
    expect(machine.shell(node, call, entry({})).status).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });

  it("without a container, its files in another folder", () => {
    const call = ADD.replace("CNI_CONTAINERID=c1", "");
    const { status } = machine.shell(
      node,
      `mv /etc/crosslink/clusters.d /etc/crosslink/elsewhere; ${call}`,
      entry({ clustersDir: "/etc/crosslink/elsewhere" }),
    );
    expect(status).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });

  it("but another command raises nothing", () => {
    machine.shell(node, ADD.replace("=ADD", "=DEL"), "{");
    machine.shell(node, ADD.replace("=ADD", "=STATUS"), "{");
    expect(standing()).toEqual(OPEN);
  });
});

describe("a cluster file that is no JSON any more, on a node that remembers nothing", () => {
  const BREAK = "sed -i 's/}$/,}/' /etc/crosslink/clusters.d";

  it("is fenced, all of it", () => {
    const { status } = machine.shell(
      node,
      `${BREAK}/b.json; $crosslink apply --node node1`,
    );
    expect(status).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });

  it("is not where it is this node's own", () => {
    machine.shell(node, `${BREAK}/a.json; $crosslink apply`);
    expect(standing()).toEqual(CLOSED);
    expect(node.exec("ip", "xfrm", "policy")).not.toContain("10.0.0.0/24");
  });
});

describe("a configuration that cannot be read", () => {
  const broken = (text: string): void => {
    writeFileSync(join(machine.cni, "10-pods.conflist"), text);
  };
  const conflist = (entry: object): string =>
    JSON.stringify({
      name: "pods",
      plugins: [{ type: "crosslink", ...entry }],
    });

  it.each<[string, string]>([
    ["an unknown value", conflist({ snat: 7 })],
    ["an unknown key", conflist({ Snat: "auto" })],
  ])("apply: %s", (_, text) => {
    broken(text);
    const { status, stderr } = machine.shell(node, "$crosslink apply");
    expect(status).toBe(1);
    expect(stderr).toContain("crosslink: Cannot use the network configuration");
    expect(standing()).toEqual(CLOSED);
  });

  it("apply: a conflist that is named, and is no JSON", () => {
    broken("{");
    const conflistOption = "--conflist /etc/cni/net.d/10-pods.conflist";
    expect(
      machine.shell(node, `$crosslink apply ${conflistOption}`).status,
    ).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });

  it("the agent, which stays", () => {
    broken(conflist({ snat: 7 }));
    machine.shell(node, "timeout -s TERM 2 $crosslink agent");
    expect(standing()).toEqual(CLOSED);
  });

  it("the agent, where its socket cannot be", () => {
    const { status } = machine.shell(
      node,
      "mount -o remount,ro,bind /run/crosslink; timeout -s TERM 2 $crosslink agent",
    );
    expect(status).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });
});

describe("a machine whose folders cannot be written", () => {
  const FULL = (path: string): string =>
    `mount -t tmpfs -o size=4k,mode=755 none ${path}; head -c 4096 /dev/zero > ${path}/filler`;
  it.each<[string, string]>([
    ["/run read-only", "mount -o remount,ro,bind /run/crosslink"],
    ["/run without the folder", "mount -t tmpfs -o ro none /run"],
    ["/run full", FULL("/run/crosslink")],
    ["/var/lib read-only", "mount -o remount,ro,bind /var/lib/crosslink"],
    ["/var/lib without the folder", "mount -t tmpfs -o ro none /var/lib"],
    ["/var/lib full", FULL("/var/lib/crosslink")],
  ])("%s", (_, damage) => {
    const { status, stderr } = machine.shell(
      node,
      `${damage}; $crosslink apply --node node1 --keyring /none`,
    );
    expect(status).toBe(1);
    expect(stderr).toContain("crosslink: Cannot");
    expect(standing()).toEqual(CLOSED);
    flush();
    const added = machine.shell(node, `${damage}; ${ADD}`, entry({}));
    expect(added.status).toBe(1);
    expect(standing()).toEqual(CLOSED);
  });
});

describe("after a reboot, with a folder that cannot be read", () => {
  const reboot = (): void => {
    node[Symbol.dispose]();
    node = bootedNode();
    expect(standing()).toEqual(OPEN);
  };
  const UNREADABLE = [
    "rm -r /etc/crosslink/clusters.d",
    "rm -r /etc/crosslink/clusters.d; touch /etc/crosslink/clusters.d",
    "rm /etc/crosslink/clusters.d/*",
    "for file in /etc/crosslink/clusters.d/*; do : > $file; done",
    "chmod 777 /etc/crosslink/clusters.d; echo { > /etc/crosslink/clusters.d/b.json",
  ];
  const BOOTS: [string, string][] = [
    [
      "the kernel's",
      "cat /proc/sys/kernel/random/uuid > /run/crosslink/boot; mount --bind /run/crosslink/boot /proc/sys/kernel/random/boot_id",
    ],
    ["a container's", ":"],
  ];
  const STARTS: [string, string][] = [
    ["apply", "$crosslink apply --node node1 --keyring /none"],
    ["ADD", ADD],
    ["the agent", "timeout -s TERM 2 $crosslink agent --node node1"],
  ];
  it.each(
    BOOTS.flatMap(([boot, sign]) =>
      STARTS.map(([start, command]) => ({ boot, sign, start, command })),
    ),
  )("$boot, closed by $start", ({ sign, command }) => {
    const apply = "$crosslink apply --node node1 --keyring /none";
    expect(machine.shell(node, apply).stderr).toContain("/none");
    for (const damage of UNREADABLE) {
      reboot();
      machine.shell(
        node,
        `cp -a /etc/crosslink /tmp/$$.saved; mount -t tmpfs none /etc/crosslink; cp -a /tmp/$$.saved/. /etc/crosslink; rm -r /tmp/$$.saved
         ${sign}; ${damage}; ${command}`,
        entry({}),
      );
      expect(standing(), damage).toEqual(CLOSED);
    }
  });

  it("and with what was remembered cut short: closed, and said", () => {
    const apply = "$crosslink apply --node node1 --keyring /none";
    machine.shell(node, apply);
    reboot();
    const { stdout } = machine.shell(
      node,
      `rm /etc/crosslink/clusters.d/b.json; truncate -s -9 /var/lib/crosslink/fence.json
       $crosslink plan --node node1; $crosslink status --node node1; ${apply} 2>&1`,
    );
    expect(stdout.match(/Cannot read all that was fenced/g)).toHaveLength(3);
    expect(standing()).toEqual(CLOSED);
  });
});
