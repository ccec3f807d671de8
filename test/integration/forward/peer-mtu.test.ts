import { expect, it } from "vitest";
import { peerMtus, tunnelMtus } from "../../../plugin/node/tunnel-mtu.ts";
import { withSession } from "../../../plugin/kernel/session.ts";
import { binding } from "../../support/binding.ts";
import { cluster, meshAt, node } from "../../support/mesh/mesh.ts";
import { connect, namespace } from "../../support/namespace.ts";

it("peerMtus() knows devices and paths, tunnelMtus() devices alone", () => {
  const own = cluster("own", {
    encap: "esp",
    nodes: [
      node("n1", ["172.17.1.2", "fd17::2"], { podCIDRs: ["10.1.0.0/24"] }),
    ],
  });
  const far = (name: string, ip: string, third: number, more: object = {}) =>
    cluster(name, {
      ...more,
      nodes: [node(name, ip, { podCIDRs: [`10.2.${third}.0/24`] })],
    });
  const mesh = meshAt(
    [
      own,
      far("wide", "172.18.0.1", 1),
      far("narrow", "172.18.0.2", 2),
      far("six", "fd18::1", 3),
      far("udp", "172.18.0.3", 4, { encap: "udp" }),
    ],
    "own/n1",
  );
  using site = namespace();
  using uplink = namespace();
  connect(site, "eth0", uplink, "eth0");
  site.shell(`ip link set eth0 mtu 1492
    ip addr add 172.17.1.2/24 dev eth0; ip route add default via 172.17.1.1
    ip addr add fd17::2/64 dev eth0 nodad; ip route add default via fd17::1
    ip route add 172.18.0.2 via 172.17.1.1 mtu 1400
    ip route add fd18::1 via fd17::1 mtu 1300`);
  const [peers, tunnels] = withSession(
    { binding, netns: site.fd },
    ({ route }) => [peerMtus(mesh, route), tunnelMtus(mesh, route)],
  );
  // What remains of 1492 and 1400 after 20 + 8 + 8 + 16 bytes around, of 1300 after 40 + 32, in steps of 4 less 2.
  expect(Object.fromEntries(peers)).toEqual({
    "172.18.0.1": 1438,
    "172.18.0.2": 1346,
    "172.18.0.3": 1430,
    "fd18::1": 1226,
  });
  expect(Object.fromEntries(tunnels)).toEqual({
    "172.17.1.2": 1430,
    "fd17::2": 1418,
  });
});
