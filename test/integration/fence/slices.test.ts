import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import { oneKey } from "../../support/node-files.ts";
import { type Box, box } from "./box.ts";
import { bootedNode } from "./node.ts";

let node: Namespace;
let machine: Box;

beforeEach(() => {
  node = bootedNode();
  machine = box();
  machine.writeKeyring(oneKey());
  machine.writeCluster("a", { podCIDRs: ["10.0.0.0/16"] });
  slice("a", "1", [
    { ...at("node1", "172.17.1.2"), podCIDRs: ["10.0.0.0/24"] },
  ]);
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

const at = (name: string, ip: string): object => ({ name, ips: [ip] });
const pathOf = (...names: string[]): string =>
  join(machine.clustersDir, ...names);

function slice(cluster: string, name: string, nodes: readonly object[]): void {
  mkdirSync(pathOf(`${cluster}.d`), { recursive: true });
  writeFileSync(
    pathOf(`${cluster}.d`, `${name}.json`),
    JSON.stringify({ nodes }),
  );
}

function crosslink(command: string) {
  const { status, stdout, stderr } = machine.shell(
    node,
    `NODE_NAME=node1 $crosslink ${command}`,
  );
  return { status, said: stdout + stderr };
}

describe("a plain network whose routers are in slices", () => {
  const router = (n: number, ip: string): object => ({
    ...at(`r${String(n)}`, ip),
    podCIDRs: [`192.168.${String(n)}.0/24`],
  });
  const routes = () => node.exec("ip", "route");

  it("is what the slices say, as they come, change and go", () => {
    machine.writeCluster("office", {
      encryption: "none",
      podCIDRs: ["192.168.0.0/16"],
    });
    slice("office", "1", [router(1, "172.17.1.1")]);
    slice("office", "2", [router(2, "172.17.1.7")]);
    expect(crosslink("plan").said).toContain("192.168.2.0/24");
    expect(crosslink("apply")).toMatchObject({ status: 0 });
    expect(routes()).toContain("192.168.2.0/24 via 172.17.1.7");
    slice("office", "2", [router(2, "172.17.1.8")]);
    expect(crosslink("apply")).toMatchObject({ status: 0 });
    expect(routes()).toContain("192.168.2.0/24 via 172.17.1.8");
    rmSync(pathOf("office.d", "2.json"));
    expect(crosslink("apply")).toMatchObject({ status: 0 });
    expect(routes()).not.toContain("192.168.2.0/24");
    expect(crosslink("status")).toMatchObject({ status: 0 });
  });
});

describe("a cluster in slices stays fenced", () => {
  beforeEach(() => {
    machine.writeCluster("b", { podCIDRs: ["10.1.0.0/16", "fd0b::/64"] });
    const nodeOf = (n: number): object => ({
      ...at(`b${String(n)}`, `172.17.2.${String(n)}`),
      podCIDRs: [`10.1.${String(n)}.0/24`],
    });
    slice("b", "1", [nodeOf(1)]);
    slice("b", "2", [nodeOf(2), nodeOf(3)]);
  });

  /** What other tools see of both layers: the networks that they close. */
  function closed(): readonly string[] {
    const policies = node
      .exec("ip", "xfrm", "policy")
      .split(/^(?=src)/m)
      .filter((text) => text.includes("action block"))
      .join();
    const { stdout: rules } = node.try(
      ...(["nft", "list", "table", "inet", "crosslink"] as const),
    );
    return ["10.1.0.0/16", "fd0b::/64", "10.1.2.0/24"].filter(
      (cidr) => policies.includes(cidr) && rules.includes(cidr),
    );
  }

  /** As after a boot; without what was remembered it is the node's first. */
  function boot({ forgets }: { readonly forgets: boolean }): void {
    node.shell("ip xfrm policy flush; nft flush ruleset");
    for (const name of readdirSync(machine.run))
      rmSync(join(machine.run, name), { recursive: true });
    if (forgets)
      for (const name of readdirSync(machine.lib))
        rmSync(join(machine.lib, name), { recursive: true });
    expect(closed()).toEqual([]);
  }

  const BOTH = ["10.1.0.0/16", "fd0b::/64"];

  it.each<[string, string, () => void]>([
    [
      "is cut short",
      'slice "/etc/crosslink/clusters.d/b.d/2.json"',
      () => {
        writeFileSync(pathOf("b.d", "2.json"), '{"nodes": [{"name": "b2"');
      },
    ],
    [
      "others can write to",
      'slice "/etc/crosslink/clusters.d/b.d/1.json"',
      () => {
        chmodSync(pathOf("b.d", "1.json"), 0o666);
      },
    ],
    [
      "has a node of another",
      'is the name of /nodes/0 of \\"/etc/crosslink/clusters.d/b.d/1.json\\" too',
      () => {
        slice("b", "2", [at("b1", "172.17.2.9")]);
      },
    ],
    [
      "is a FIFO",
      'slice "/etc/crosslink/clusters.d/b.d/3.json"',
      () => {
        execFileSync("mkfifo", [pathOf("b.d", "3.json")]);
      },
    ],
    [
      "is a folder",
      'slice "/etc/crosslink/clusters.d/b.d/3.json"',
      () => {
        mkdirSync(pathOf("b.d", "3.json"));
      },
    ],
    [
      "the own node's, is broken",
      'slice "/etc/crosslink/clusters.d/a.d/1.json"',
      () => {
        writeFileSync(pathOf("a.d", "1.json"), "{");
      },
    ],
  ])("where a slice %s", (_, words, harm) => {
    crosslink("apply");
    expect(closed()).toEqual(BOTH);
    harm();
    for (const forgets of [false, true]) {
      boot({ forgets });
      const { status, said } = crosslink("apply");
      expect(status).toBe(1);
      expect(said.replaceAll('\\"', '"')).toContain(
        words.replaceAll('\\"', '"'),
      );
      expect(closed()).toEqual(expect.arrayContaining(BOTH));
    }
  });

  it("where slices go, one or all, with what was remembered and without", () => {
    crosslink("apply");
    rmSync(pathOf("b.d", "2.json"));
    for (const forgets of [false, true]) {
      boot({ forgets });
      crosslink("apply");
      expect(closed()).toEqual(BOTH);
    }
    rmSync(pathOf("b.d"), { recursive: true });
    boot({ forgets: true });
    crosslink("apply");
    expect(closed()).toEqual(BOTH);
  });

  it("where its file goes and the slices stay: by what was remembered, else by what they say", () => {
    crosslink("apply");
    rmSync(pathOf("b.json"));
    boot({ forgets: false });
    const { status, said } = crosslink("apply");
    expect(status).toBe(1);
    expect(said.replaceAll('\\"', '"')).toContain(
      'there is no "/etc/crosslink/clusters.d/b.json"',
    );
    expect(closed()).toEqual(expect.arrayContaining(BOTH));
    boot({ forgets: true });
    crosslink("apply");
    expect(closed()).toEqual(["10.1.2.0/24"]);
  });
});
