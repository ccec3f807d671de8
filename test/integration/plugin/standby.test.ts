import { afterEach, beforeEach, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import { oneKey } from "../../support/node-files.ts";
import { type Box, box } from "../fence/box.ts";
import { bootedNode } from "../fence/node.ts";

let node: Namespace;
let machine: Box;

beforeEach(() => {
  node = bootedNode();
  machine = box();
  machine.writeKeyring(oneKey());
  machine.writeCluster("far", {
    podCIDRs: ["10.1.0.0/16"],
    nodes: [
      { name: "f1", ips: ["172.18.1.1"], podCIDRs: ["10.1.1.0/24"] },
      { name: "f2", ips: ["172.18.1.2"], podCIDRs: ["10.1.2.0/24"] },
    ],
  });
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

/** This node is "here", one of two gateways. */
function use(gateway: "here" | "other"): void {
  const entry = (name: string, at: number) => ({
    name,
    ips: [`172.17.1.${String(at)}`],
    podCIDRs: [`10.0.${String(at)}.0/24`],
  });
  const declared = (name: string, at: number) => ({
    ...entry(name, at),
    gateway: true,
    active: name === gateway,
  });
  machine.writeCluster("own", {
    mode: "gateway",
    podCIDRs: ["10.0.0.0/16"],
    nodes: [declared("here", 2), declared("other", 3), entry("leaf", 4)],
  });
}

function crosslink(...words: string[]): string {
  const ran = machine.shell(node, `$crosslink ${words.join(" ")}`);
  expect(ran.stderr).toBe("");
  return ran.stdout;
}

/** What `plan` would add, by kind: nothing of it is taken, so that any kernel will do. */
function planned(kind: RegExp): string[] {
  return crosslink("plan")
    .split("\n")
    .filter((line) => kind.test(line));
}

it("a standby gateway's SAs are those that it has once it is in use", () => {
  use("other");
  const [before, policies] = [planned(/^\+ SA /), planned(/^\+ policy /)];
  use("here");
  const after = planned(/^\+ SA /);
  // Once it is in use its leaf's come first.
  expect(after.toSorted()).toEqual(before.toSorted());
  expect(after[0]).toContain("172.17.1.4");
  for (const end of ["172.17.1.3", "172.17.1.4", "172.18.1.1", "172.18.1.2"])
    expect(before.join("\n")).toContain(end);
  expect(policies.join("\n")).toContain("172.17.1.3");
  expect(policies.join("\n")).not.toMatch(/172\.18\.|172\.17\.1\.4/);
});

it("status says how many far ends a standby gateway has SAs with, and has them in JSON", () => {
  use("other");
  expect(crosslink("status")).toContain(
    "Standing by, for when another gateway is in use: SAs with 0 of 3 far ends; `crosslink apply` makes the others",
  );
  const { peers, standby } = JSON.parse(crosslink("status", "--json")) as {
    peers: { node: string }[];
    standby: { node: string; endpoint: string; out: unknown }[];
  };
  expect(peers.map((peer) => peer.node)).toEqual(["other"]);
  expect(standby).toMatchObject([
    { cluster: "far", node: "f1", endpoint: "172.18.1.1", out: null },
    { cluster: "far", node: "f2", endpoint: "172.18.1.2", out: null },
    { cluster: "own", node: "leaf", endpoint: "172.17.1.4", out: null },
  ]);
  use("here");
  expect(crosslink("status")).not.toContain("Standing by");
});
