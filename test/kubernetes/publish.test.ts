import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadClusters } from "../../conf/clusters.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { keepFilesTrue } from "../../plugin/kubernetes/files/keep.ts";
import { becomes as becomesIn } from "./control-plane/becomes.ts";
import { calicoCrds } from "./control-plane/calico.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  give,
  nodeObject,
  type TwoClusters,
  twoClusters,
} from "./control-plane/mesh.ts";

/** Two control planes; whoever publishes and follows has the rights of its own service account, and no others. */
describe("publishers and agents, before real API servers with RBAC", () => {
  let clusters: TwoClusters;
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;
  let publishers: TwoClusters["publishers"] = [];

  beforeAll(async () => {
    clusters = await twoClusters();
    ({ a, b, publishers } = clusters);
  });
  afterAll(() => clusters[Symbol.asyncDispose]());

  const nodesOf = async (plane: ControlPlaneOfATest, cluster: string) => {
    const { items } = await plane.kubectl.get(
      "clusternodes",
      "-l",
      `crosslink.io/cluster=${cluster}`,
    );
    return items.flatMap(({ spec }: any) => spec.nodes); // eslint-disable-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- what kubectl prints
  };
  const becomes = (look: () => Promise<unknown>, wanted: unknown) =>
    becomesIn(look, wanted, {
      limitSeconds: 60,
      log: () => publishers.map((one) => one.log()).join("\n"),
    });

  it("publish a cluster's nodes, and what an admin says of each first", async () => {
    await give(
      a,
      nodeObject("n1", {
        internal: "192.0.2.1",
        external: "203.0.113.1",
        pods: "10.10.0.0/24",
      }),
      nodeObject("n2", {
        internal: "192.0.2.2",
        external: "203.0.113.2",
        pods: "10.10.1.0/24",
        annotations: { "crosslink.io/elastic-ip": "198.51.100.2" },
      }),
    );
    await becomes(
      () => nodesOf(a, "a"),
      [
        {
          elasticIP: "203.0.113.1",
          ips: ["192.0.2.1"],
          name: "n1",
          podCIDRs: ["10.10.0.0/24"],
        },
        {
          elasticIP: "198.51.100.2",
          ips: ["192.0.2.2"],
          name: "n2",
          podCIDRs: ["10.10.1.0/24"],
        },
      ],
    );
    await becomes(async () => {
      const { spec, status } = await a.kubectl.get("cluster", "a");
      const { nodes, slices, conditions } = status;
      return [spec, nodes, slices, conditions[0].status] as unknown[];
    }, [{ local: true }, 2, 1, "True"]);
  });

  it("write nothing where nothing changed", async () => {
    const versions = async () => {
      const { items } = await a.kubectl.get("clusters,clusternodes");
      return items.map(({ metadata }: any) => metadata.resourceVersion); // eslint-disable-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- what kubectl prints
    };
    const before = await versions();
    // A Node that changes in what is nobody's business, as a kubelet's heartbeat does.
    for (const text of ["x", "y"])
      await a.kubectl.run("label", "node", "n1", `some=${text}`, "--overwrite");
    // What comes behind it has passed the publisher.
    await give(
      a,
      nodeObject("n3", { internal: "192.0.2.3", pods: "10.10.2.0/24" }),
    );
    await becomes(async () => ((await nodesOf(a, "a")) as unknown[]).length, 3);
    const after = (await versions()) as unknown[];
    expect(
      after.filter((version) => !(before as unknown[]).includes(version))
        .length,
    ).toBeLessThanOrEqual(2);
  });

  it("say where each word is from, and take Calico's pools and blocks once it is there", async () => {
    const origins = async () =>
      (await a.kubectl.get("cluster", "a")).status.origins as object;
    await becomes(origins, {
      "nodes.elasticIP": "ExternalIP (1), crosslink.io/elastic-ip (1)",
      "nodes.ips": "InternalIP (3)",
      "nodes.podCIDRs": "spec.podCIDRs (3)",
    });
    await a.kubectl.run("apply", "--server-side", "-f", calicoCrds());
    const kinds = ["ippools", "blockaffinities"].map(
      (kind) => `crd/${kind}.crd.projectcalico.org`,
    );
    await a.kubectl.run("wait", "--for=condition=Established", ...kinds);
    const apiVersion = "crd.projectcalico.org/v1";
    const block = (node: string, cidr: string) => ({
      apiVersion,
      kind: "BlockAffinity",
      metadata: { name: `${node}-block` },
      spec: { node, cidr, state: "confirmed", deleted: "false" },
    });
    await give(
      a,
      {
        apiVersion,
        kind: "IPPool",
        metadata: { name: "default-ipv4-ippool" },
        spec: { cidr: "10.10.0.0/16" },
      },
      block("n1", "10.10.200.0/26"),
      block("n3", "10.10.201.0/26"),
    );
    const shares = async () =>
      ((await nodesOf(a, "a")) as { podCIDRs?: string[] }[]).map(
        ({ podCIDRs = [] }) => podCIDRs,
      );
    await becomes(shares, [["10.10.200.0/26"], [], ["10.10.201.0/26"]]);
    await becomes(origins, {
      "nodes.elasticIP": "ExternalIP (1), crosslink.io/elastic-ip (1)",
      "nodes.ips": "InternalIP (3)",
      "nodes.podCIDRs": "BlockAffinity (2)",
      podCIDRs: "IPPool default-ipv4-ippool",
    });
    // Services are told of where an admin says so: most clusters have the same network for them.
    await a.kubectl.run(
      "annotate",
      "cluster",
      "a",
      "crosslink.io/publish-services=true",
    );
    await becomes(
      async () =>
        (await a.kubectl.get("cluster", "a")).status.discovered as object,
      { podCIDRs: ["10.10.0.0/16"], serviceCIDRs: ["10.96.0.0/16"] },
    );
  });

  it("read a peer that was declared in plain YAML, within what it may claim", async () => {
    await give(
      b,
      nodeObject("m1", { internal: "192.0.2.65", pods: "10.20.0.0/24" }),
    );
    await becomes(async () => ((await nodesOf(b, "b")) as unknown[]).length, 1);
    // What an admin of b applies by hand, and hands over.
    await give(
      b,
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "peer-a", namespace: "crosslink-system" },
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "crosslink-peer-a" },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "ClusterRole",
          name: "crosslink-peer",
        },
        subjects: [
          {
            kind: "ServiceAccount",
            name: "peer-a",
            namespace: "crosslink-system",
          },
        ],
      },
    );
    const config = JSON.parse(
      readFileSync(await accountConfig(b, "peer-a"), "utf8"),
    );
    const { cluster } = config.clusters[0];
    await give(
      a,
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "peer-b", namespace: "crosslink-system" },
        data: {
          token: Buffer.from(config.users[0].user.token).toString("base64"),
          "ca.crt": cluster["certificate-authority-data"],
        },
      },
      {
        apiVersion: "crosslink.io/v1alpha1",
        kind: "Cluster",
        metadata: { name: "b" },
        spec: {
          peer: { server: cluster.server, allowedCIDRs: ["10.20.0.0/16"] },
        },
      },
    );
    await becomes(
      () => nodesOf(a, "b"),
      [
        {
          gateway: false,
          ips: ["192.0.2.65"],
          name: "m1",
          podCIDRs: ["10.20.0.0/24"],
        },
      ],
    );
    await give(
      b,
      nodeObject("m2", { internal: "192.0.2.66", pods: "10.99.0.0/24" }),
    );
    await becomes(
      async () =>
        String(
          (await a.kubectl.get("cluster", "b")).status.conditions[0].message,
        ),
      "it claims 10.99.0.0/24, which is not within the allowedCIDRs (10.20.0.0/16); if it may, add it: kubectl edit cluster b",
    );
    expect(await nodesOf(a, "b")).toHaveLength(1);
    // An Event, where kubectl looks for those of the object.
    await becomes(async () => {
      const described = await a.kubectl.run("describe", "cluster", "b");
      return /Warning +RefusedNetworks .*claims 10\.99/.test(described);
    }, true);
    await b.kubectl.run("delete", "node", "m2");
    await becomes(
      async () =>
        String(
          (await a.kubectl.get("cluster", "b")).status.conditions[0].reason,
        ),
      "Read",
    );
  });

  it("let an agent write the files of both, and follow within seconds", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crosslink-node-"));
    const clustersDir = join(folder, "clusters.d");
    const lines: string[] = [];
    const kept = keepFilesTrue({
      access: readKubeconfig(await accountConfig(a, "crosslink-agent")),
      places: () => ({ clustersDir, keyring: join(folder, "keyring.json") }),
      log: (_, message) => lines.push(message),
    });
    const names = () => {
      try {
        return loadClusters(clustersDir).flatMap(({ cluster }) =>
          cluster.nodes.map(({ name }) => name),
        );
      } catch (error) {
        return String(error);
      }
    };
    try {
      await becomes(() => Promise.resolve(names()), ["n1", "n2", "n3", "m1"]);
      await give(
        b,
        nodeObject("m9", { internal: "192.0.2.69", pods: "10.20.9.0/24" }),
      );
      await becomes(
        () => Promise.resolve(names()),
        ["n1", "n2", "n3", "m1", "m9"],
      );
      expect(readdirSync(clustersDir)).toEqual(["a.json", "b.json"]);
      expect(lines.filter((line) => line.includes("Cannot"))).toEqual([]);
    } finally {
      kept.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it("take a peer's slices away with its Cluster", async () => {
    await a.kubectl.run("delete", "cluster", "b");
    await becomes(() => nodesOf(a, "b"), []);
    expect(await nodesOf(a, "a")).toHaveLength(3);
  });

  it("do without any line of RBAC but those that are there", () => {
    for (const publisher of publishers)
      expect(publisher.log()).not.toMatch(/ 403|forbidden/i);
  });
});
