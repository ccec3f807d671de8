import { describe, expect, it } from "vitest";
import type { ClusterSource } from "../../conf/clusters.ts";
import type { DesiredMesh } from "../../plugin/mesh/state.ts";
import {
  cluster,
  keyring,
  meshAt,
  node,
  staticKeyring,
} from "../support/mesh/mesh.ts";
import { scenesMissing } from "./support/kernel.ts";
import { runLab } from "./support/lab.ts";

const missing = scenesMissing();

describe.skipIf(missing !== undefined)(
  missing ?? "desiredMesh() in the kernel",
  () => {
    it("joins three clusters behind elastic addresses with one static key, and blocks without SAs", async () => {
      const clusters = [1, 2, 3].map((k) =>
        cluster(`c${String(k)}`, {
          nodes: [
            node(`n${String(k)}`, `172.31.${String(k)}.10`, {
              elasticIP: `198.51.100.${String(k)}`,
              podCIDRs: [`10.${String(k)}.0.0/24`],
            }),
          ],
        }),
      );
      const pods = {
        "c1/n1": ["10.1.0.5"],
        "c2/n2": ["10.2.0.5"],
        "c3/n3": ["10.3.0.5"],
      };
      const checks = [
        "reach n1 10.2.0.5; reach n2 10.3.0.5; reach n3 10.1.0.5; clear",
        "in_node n1 ip xfrm state flush; reach n1 10.2.0.5; clear",
        "in_node n1 iptables-legacy -t nat -A POSTROUTING -o eth0 -j MASQUERADE; reach n1 10.2.0.5; clear",
        // That the counter counts: without policies the packets go as they are.
        "in_node n1 ip xfrm policy flush; reach n1 10.2.0.5; clear",
      ];
      expect(
        await runLab({ clusters, keyring: staticKeyring, pods, checks }),
      ).toEqual([
        "n1 10.2.0.5 ok",
        "n2 10.3.0.5 ok",
        "n3 10.1.0.5 ok",
        "clear 0",
        "n1 10.2.0.5 lost",
        "clear 0",
        "n1 10.2.0.5 lost",
        "clear 0",
        "n1 10.2.0.5 lost",
        "clear 2",
      ]);
    });

    it("joins p2p and gateway clusters, with either family inside the other", async () => {
      const clusters = [
        cluster("dual", {
          nodes: [
            node("d1", ["172.31.1.10", "fd99:1::10"], {
              podCIDRs: ["10.1.1.0/24", "fd01:0:0:1::/64"],
            }),
            node("d2", ["172.31.1.11", "fd99:1::11"], {
              podCIDRs: ["10.1.2.0/24", "fd01:0:0:2::/64"],
            }),
          ],
        }),
        cluster("four", {
          mode: "gateway",
          podCIDRs: ["10.2.0.0/16", "fd02::/48"],
          nodes: [
            node("leaf", "172.31.2.11", { podCIDRs: ["10.2.1.0/24"] }),
            node("gate", "172.31.2.10", {
              gateway: true,
              podCIDRs: ["10.2.0.0/24", "fd02::/64"],
            }),
          ],
        }),
        cluster("six", {
          nodes: [
            node("s1", "fd99:3::10", {
              podCIDRs: ["10.3.0.0/24", "fd03::/64"],
            }),
          ],
        }),
      ];
      const pods = {
        "dual/d1": ["10.1.1.5", "fd01:0:0:1::5"],
        "dual/d2": ["10.1.2.5", "fd01:0:0:2::5"],
        "four/leaf": ["10.2.1.5"],
        "four/gate": ["10.2.0.5", "fd02::5"],
        "six/s1": ["10.3.0.5", "fd03::5"],
      };
      const reached = [
        "d1 10.2.1.5",
        "d2 10.2.0.5",
        "leaf 10.1.2.5",
        "gate 10.1.1.5",
        "d1 fd02::5",
        "gate fd01:0:0:2::5",
        "d1 fd03::5",
        "d2 10.3.0.5",
        "s1 10.1.1.5",
        "s1 fd01:0:0:1::5",
      ];
      // No address family in common; and a leaf that lost its SAs.
      const lost = ["s1 10.2.0.5", "gate fd03::5"];
      const checks = [...reached, ...lost].map((pair) => `reach ${pair}`);
      const last =
        "in_node leaf ip xfrm state flush; reach leaf 10.1.2.5; clear";
      expect(
        await runLab({
          clusters,
          keyring: keyring(2, [1, 2]),
          pods,
          checks: [...checks, last],
        }),
      ).toEqual([
        ...reached.map((pair) => `${pair} ok`),
        ...lost.map((pair) => `${pair} lost`),
        "leaf 10.1.2.5 lost",
        "clear 0",
      ]);
    });

    it("joins clusters of the same pod CIDR by global ones, and reaches services", async () => {
      const clusters = [
        cluster("c1", {
          podCIDRs: ["10.244.0.0/16"],
          globalCIDRs: { "10.244.0.0/16": "100.81.0.0/16" },
          nodes: [node("n1", "172.31.1.10", { podCIDRs: ["10.244.1.0/24"] })],
        }),
        cluster("c2", {
          podCIDRs: ["10.244.0.0/16"],
          globalCIDRs: { "10.244.0.0/16": "100.82.0.0/16" },
          nodes: [node("n2", "172.31.2.10", { podCIDRs: ["10.244.2.0/24"] })],
        }),
        cluster("c3", {
          serviceCIDRs: ["10.96.0.0/16"],
          nodes: [
            node("n3", "172.31.3.10", { podCIDRs: ["10.3.1.0/24"] }),
            node("n4", "172.31.3.11", { podCIDRs: ["10.3.2.0/24"] }),
          ],
        }),
      ];
      const pods = {
        "c1/n1": ["10.244.1.5"],
        "c2/n2": ["10.244.2.5"],
        "c3/n3": ["10.3.1.5"],
        "c3/n4": ["10.3.2.5"],
      };
      // The service's pods are on the other node; like kube-proxy, the node that translates also masquerades.
      const service = [
        "in_node n3 iptables-legacy -t nat -A PREROUTING -d 10.96.0.10 -j DNAT --to 10.3.2.5",
        "in_node n3 iptables-legacy -t nat -A POSTROUTING -d 10.3.2.5 -m conntrack --ctstate DNAT -j MASQUERADE",
      ];
      const untranslate = "in_node n1 iptables-legacy -t nat -F";
      const checks = [
        ...translation(clusters, ["c1/n1", "c2/n2"]),
        ...service,
        "reach n1 100.82.2.5; reach n2 100.81.1.5; reach n2 10.3.2.5; reach n3 100.81.1.5; reach n2 10.96.0.10",
        "clear",
        `${untranslate}; reach n1 100.82.2.5; reach n2 100.81.1.5; clear`,
      ];
      expect(
        await runLab({ clusters, keyring: keyring(1), pods, checks }),
      ).toEqual([
        "n1 100.82.2.5 ok",
        "n2 100.81.1.5 ok",
        "n2 10.3.2.5 ok",
        "n3 100.81.1.5 ok",
        "n2 10.96.0.10 ok",
        "clear 0",
        "n1 100.82.2.5 lost",
        "n2 100.81.1.5 lost",
        "clear 0",
      ]);
    });
  },
);

/** Prefix translation by hand, for the pairs that the mesh names. */
function translation(
  clusters: readonly ClusterSource[],
  places: readonly string[],
): string[] {
  return places.flatMap((place) => {
    const name = place.split("/")[1] ?? "";
    return meshAt(clusters, place).exemptions.flatMap((pair) =>
      netmap(name, pair),
    );
  });
}

function netmap(
  name: string,
  { local, remote, global }: DesiredMesh["exemptions"][number],
): string[] {
  if (global === undefined) return [];
  const nat = `in_node ${name} iptables-legacy -t nat`;
  return [
    `${nat} -A POSTROUTING -s ${local.text} -d ${remote.text} -j NETMAP --to ${global.text}`,
    `${nat} -A PREROUTING -s ${remote.text} -d ${global.text} -j NETMAP --to ${local.text}`,
  ];
}
