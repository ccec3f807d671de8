import type { NodeSite } from "./node-site.ts";

/** Makes a site's node a leaf of a gateway-mode cluster whose gateway is behind a router; it needs no SA of its own. */
export function makeLeaf(site: NodeSite): void {
  site.writeKeyring({
    active: 1,
    keys: [{ id: 1, secret: Buffer.alloc(32, 1).toString("base64") }],
  });
  site.writeCluster("own", {
    mode: "gateway",
    podCIDRs: ["10.1.0.0/16"],
    nodes: [
      { name: "gate", ips: ["172.18.0.9"], gateway: true },
      { name: "node1", ips: ["172.17.1.2"], podCIDRs: ["10.1.2.0/24"] },
    ],
  });
  site.writeCluster("far", {
    podCIDRs: ["10.9.0.0/16"],
    nodes: [{ name: "far1", ips: ["203.0.113.9"] }],
  });
}
