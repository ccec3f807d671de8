import { expect, it } from "vitest";
import type { ClusterSource } from "../../../../conf/clusters.ts";
import type { Cluster } from "../../../../conf/generated/cluster.ts";
import { Secret } from "../../../../conf/secret.ts";
import { desiredMesh } from "../../../../plugin/mesh/desired.ts";
import {
  isIkeNetwork,
  routerTunnels,
} from "../../../../plugin/mesh/router-tunnels.ts";
import { parseCidr } from "../../../../ip/cidr.ts";

function source(cluster: Partial<Cluster> & { name: string }): ClusterSource {
  return {
    file: `${cluster.name}.json`,
    cluster: {
      cni: "other",
      mode: "p2p",
      ipFamily: "all",
      podCIDRs: [],
      serviceCIDRs: [],
      globalCIDRs: {},
      nodes: [],
      encryption: "esp",
      encap: "esp",
      ...cluster,
    },
  };
}

const node = (name: string, ip: string, podCIDRs?: string[]) => ({
  name,
  ips: [ip] as [string],
  gateway: false,
  ...(podCIDRs && { podCIDRs }),
});
const clouds = source({
  name: "a",
  nodes: [
    node("n1", "172.17.0.1", ["10.0.0.0/24"]),
    node("n2", "172.17.0.2", ["10.0.1.0/24"]),
  ],
});
const office = source({
  name: "office",
  keying: "ike",
  podCIDRs: ["192.168.10.0/24"],
  nodes: [node("router", "198.51.100.7")],
});
const keyring = {
  kind: "keys",
  active: 1,
  keys: [{ id: 1, secret: new Secret(new Uint8Array(32).fill(7)) }],
} as const;

it("routerTunnels() is what the nodes have, from the other end", () => {
  const [router] = routerTunnels([clouds, office], office, keyring);
  const [self] = clouds.cluster.nodes;
  const [ours] = desiredMesh({
    clusters: [clouds, office],
    self: { source: clouds, node: self! },
    keyring,
    localCidrs: [parseCidr("10.0.0.0/24")],
  }).ike;
  const { tunnels } = router!;
  expect(tunnels.map(({ remoteId }) => remoteId)).toEqual(["n1.a", "n2.a"]);
  const first = tunnels[0]!;
  expect(ours).toMatchObject({
    local: first.remote,
    remote: first.local,
    localId: first.remoteId,
    remoteId: first.localId,
    localCidrs: first.remoteCidrs,
    remoteCidrs: first.localCidrs,
  });
  const psks = [ours, first].map((end) => end?.secrets[0]?.psk.bytes());
  expect(psks[0]).toEqual(psks[1]);
});

it("routerTunnels() refuses a network without a router", () => {
  const empty = source({ name: "office", keying: "ike" });
  expect(() => routerTunnels([clouds, empty], empty)).toThrow(
    'Cannot tell the router of "office" what to do',
  );
});

it("isIkeNetwork() is what its own file says", () => {
  expect([office, clouds].map(isIkeNetwork)).toEqual([true, false]);
});
