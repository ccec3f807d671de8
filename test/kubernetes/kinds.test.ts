import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binary } from "../support/binary.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./control-plane/for-a-test.ts";

describe("our kinds, before a real API server", () => {
  let plane: ControlPlaneOfATest;
  beforeAll(async () => {
    plane = await controlPlaneForATest();
  });
  afterAll(() => plane[Symbol.asyncDispose]());

  const give = (text: string, verb = "apply") => {
    const path = join(plane.folder, "given.yaml");
    writeFileSync(path, text);
    const words = ["--validate=strict", "--warnings-as-errors", "-f", path];
    return plane.kubectl.run(verb, ...words);
  };
  const cluster = (spec: object, name = "b") =>
    JSON.stringify({
      apiVersion: "crosslink.io/v1alpha1",
      kind: "Cluster",
      metadata: { name },
      spec,
    });
  const slice = (spec: object, name = "b-0") =>
    JSON.stringify({
      apiVersion: "crosslink.io/v1alpha1",
      kind: "ClusterNodes",
      metadata: { name },
      spec,
    });

  it("takes what `crosslink install --kubernetes` prints, without a warning, twice", async () => {
    const words = "install --kubernetes --output yaml --name a".split(" ");
    const printed = execFileSync(binary, words, { encoding: "utf8" });
    expect(await give(printed)).toContain("publisher created");
    expect(await give(printed)).not.toMatch(/ created$/m);
    await plane.kubectl.run(
      "wait",
      "--for=condition=Established",
      "crd/clusters.crosslink.io",
      "crd/clusternodes.crosslink.io",
    );
    await give(cluster({ local: true }, "a"));
  });

  it("takes all words of a cluster file, and adds none", async () => {
    const spec = {
      cni: "calico",
      mode: "gateway",
      ipFamily: "all",
      podCIDRs: ["10.64.0.0/16", "fd00:64::/48"],
      serviceCIDRs: ["10.97.0.0/16"],
      globalCIDRs: { "10.64.0.0/16": "100.64.0.0/16" },
      encryption: "esp",
      encap: "udp",
      keying: "ike",
      peer: {
        server: "https://b.example:6443",
        allowedCIDRs: ["10.64.0.0/10"],
      },
    };
    await give(cluster(spec));
    expect((await plane.kubectl.get("cluster", "b")).spec).toEqual(spec);
    const nodes = {
      cluster: "b",
      nodes: [
        {
          name: "n.1",
          ips: ["10.0.0.1", "fd00::1"],
          elasticIP: "203.0.113.1",
          podCIDRs: ["10.64.0.0/24"],
          gateway: true,
        },
        { name: "n2", ips: ["10.0.0.2"] },
      ],
    };
    await give(slice(nodes));
    expect((await plane.kubectl.get("clusternodes", "b-0")).spec).toEqual(
      nodes,
    );
    const table = await plane.kubectl.run("get", "clusters");
    expect(table).toMatch(/^NAME +LOCAL +NODES +PODS +READY +REASON +SEEN/);
  });

  it.each([
    [{ podCIDRs: ["10.64.0.1/16"] }, "want a CIDR without host bits"],
    [{ podCIDRs: ["10.64.0.0"] }, "want a CIDR without host bits"],
    [{ podCIDRs: ["x'; --"] }, "want a CIDR without host bits"],
    [{ globalCIDRs: { "10.1.0.0/16": "x" } }, "want a CIDR without host bits"],
    [
      {
        podCIDRs: ["10.2.0.0/16"],
        globalCIDRs: { "10.1.0.0/16": "10.9.0.0/16" },
      },
      "each key of globalCIDRs is one of the podCIDRs",
    ],
    [{ encryption: "rot13" }, 'supported values: "esp", "none"'],
    [{ encryption: "none" }, "a plain network consists of its podCIDRs"],
    [{ mode: "star" }, 'supported values: "p2p", "gateway"'],
    [{ podCidrs: [] }, 'unknown field "spec.podCidrs"'],
    [{ managedBy: "kubernetes" }, 'unknown field "spec.managedBy"'],
    [
      { local: true, peer: { server: "https://b", allowedCIDRs: [] } },
      "a cluster is this one or a peer, not both",
    ],
    [{ peer: { server: "http://b", allowedCIDRs: [] } }, "spec.peer.server"],
    [{ peer: { server: "https://b" } }, "spec.peer.allowedCIDRs: Required"],
  ])("refuses the Cluster %j", async (spec, sentence) => {
    await expect(give(cluster(spec, "c"), "create")).rejects.toThrow(sentence);
  });

  it.each(["C", "c.d", "c_d", "-c", "c".repeat(64)])(
    "refuses the name %s",
    async (name) => {
      await expect(give(cluster({}, name), "create")).rejects.toThrow(
        /a cluster's name has at most 63|Invalid value/,
      );
    },
  );

  const node = { name: "n", ips: ["10.0.0.1"] };
  it.each([
    [{ cluster: "c", nodes: [{ name: "n" }] }, "ips: Required value"],
    [{ cluster: "c", nodes: [{ ...node, ips: [] }] }, "should have at least 1"],
    [{ cluster: "c", nodes: [{ ...node, ips: ["a"] }] }, "want an IP address"],
    [
      { cluster: "c", nodes: [{ ...node, elasticIP: "" }] },
      "want an IP address",
    ],
    [{ cluster: "c", nodes: [node, node] }, "Duplicate value"],
    [{ cluster: "d", nodes: [] }, "a slice is called CLUSTER-NUMBER"],
    [
      {
        cluster: "c",
        nodes: Array.from({ length: 101 }, (_, i) => ({
          ...node,
          name: `n${i}`,
        })),
      },
      "must have at most 100 items",
    ],
  ])("refuses a slice %#", async (spec, sentence) => {
    await expect(give(slice(spec, "c-0"), "create")).rejects.toThrow(sentence);
  });

  it("keeps a slice with its cluster, and this cluster this one", async () => {
    const moved = JSON.stringify({ spec: { cluster: "z" } });
    await expect(
      plane.kubectl.run(
        "patch",
        "clusternodes",
        "b-0",
        "--type=merge",
        "-p",
        moved,
      ),
    ).rejects.toThrow("a slice stays its cluster's own");
    const other = JSON.stringify({ spec: { local: false } });
    await expect(
      plane.kubectl.run("patch", "cluster", "a", "--type=merge", "-p", other),
    ).rejects.toThrow("which cluster is this one does not change");
  });
});
