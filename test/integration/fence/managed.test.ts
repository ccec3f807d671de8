import { afterEach, beforeEach, expect, it } from "vitest";
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
  machine.writeCluster("own", {
    podCIDRs: ["10.0.0.0/16"],
    nodes: [{ name: "here", ips: ["172.17.1.2"], podCIDRs: ["10.0.0.0/24"] }],
  });
});

afterEach(() => {
  machine[Symbol.dispose]();
  node[Symbol.dispose]();
});

function writeFar(words: object, ...nodes: readonly number[]): void {
  machine.writeCluster("far", {
    ...words,
    nodes: nodes.map((n) => ({
      name: `f${String(n)}`,
      ips: [`172.18.1.${String(n)}`],
      podCIDRs: [`10.1.${String(n)}.0/24`],
    })),
  });
}

const crosslink = (words: string) =>
  machine.shell(node, `NODE_NAME=here $crosslink ${words}`);

/** What `plan` would take down of the fence toward the node that has gone. */
function released(): string[] {
  const { stdout } = crosslink("plan");
  expect(stdout).toContain("172.18.1.1");
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("- ") && line.includes("10.1.2.0/24"));
}

it("opens what an admin no longer names", () => {
  writeFar({}, 1, 2);
  crosslink("apply");
  expect(node.exec("ip", "xfrm", "policy")).toContain("10.1.2.0/24");
  writeFar({}, 1);
  expect(released()).not.toEqual([]);
});

it("keeps the share of a node that has gone from a file that Kubernetes writes, until that says the cluster's own networks, or is forgotten", () => {
  const managed = { managedBy: "kubernetes" };
  writeFar(managed, 1, 2);
  crosslink("apply");
  expect(node.exec("ip", "xfrm", "policy")).toContain("10.1.2.0/24");
  writeFar(managed, 1);
  expect(released()).toEqual([]);
  writeFar({ ...managed, podCIDRs: ["10.1.0.0/23"] }, 1);
  expect(released()).not.toEqual([]);
  machine.removeCluster("far");
  crosslink("forget far");
  expect(node.exec("ip", "xfrm", "policy")).not.toContain("10.1.2.0/24");
});
