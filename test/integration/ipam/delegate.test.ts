import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dist } from "../../support/binary.ts";
import { supportedVersions } from "../../../cni/version.ts";
import {
  addChain,
  type ChainCall,
  checkChain,
  deleteChain,
  type PluginConfiguration,
} from "../../support/chain.ts";
import { temporary } from "../../support/ipam/call.ts";
import { namespace } from "../../support/namespace.ts";

const referencePlugins = "/usr/lib/cni";

/** Plugins that ask an IPAM plugin for addresses, by what people call the set-up. */
const bases: Readonly<Record<string, PluginConfiguration>> = {
  bridge: { type: "bridge", bridge: "cni0", isGateway: true },
  ptp: { type: "ptp" },
  macvlan: { type: "macvlan", master: "uplink", mode: "bridge" },
  // What the flannel plugin hands on: its own `delegate`, with what subnet.env says.
  "flannel's delegate": {
    type: "bridge",
    bridge: "cni0",
    mtu: 1450,
    ipMasq: false,
    isGateway: true,
    isDefaultGateway: true,
    hairpinMode: true,
  },
};

/** The reference plugins of Debian's package speak no later version. */
const versions = supportedVersions.filter((version) => version <= "1.0.0");

describe.skipIf(!existsSync(`${referencePlugins}/macvlan`))(
  "crosslink-ipam (needs containernetworking-plugins)",
  () => {
    it.each(
      Object.keys(bases).flatMap((base) =>
        versions.map((version) => ({ base, version })),
      ),
    )("serves $base in version $version", async ({ base, version }) => {
      using store = temporary();
      using node = namespace();
      using pod = namespace();
      node.shell(
        "ip link add uplink type veth peer name wire; ip link set uplink up; ip link set wire up",
      );
      const call = callFor(base, version, {
        store: store.path,
        node: node.name,
        pod: pod.name,
        netns: pod.path,
      });
      const { result } = await addChain(call);
      const { cniVersion } = result as { cniVersion: string };
      expect(cniVersion).toBe(version);
      expect(addressesOf(pod.exec("ip", "-o", "-4", "address"))).toEqual([
        "10.244.7.2/24",
      ]);
      expect(readdirSync(join(store.path, "cbr0")).sort()).toEqual([
        "10.244.7.2",
        "last_reserved_ip.0",
        "lock",
      ]);
      if (version >= "0.4.0")
        await checkChain({ ...call, cachedResult: result });
      await deleteChain({ ...call, cachedResult: result });
      expect(addressesOf(pod.exec("ip", "-o", "-4", "address"))).toEqual([]);
      expect(readdirSync(join(store.path, "cbr0"))).not.toContain("10.244.7.2");
    });
  },
);

function callFor(
  base: string,
  cniVersion: string,
  {
    store,
    node,
    pod,
    netns,
  }: { store: string; node: string; pod: string; netns: string },
): ChainCall {
  const ipam = {
    type: "crosslink-ipam",
    dataDir: store,
    ranges: [[{ subnet: "10.244.7.0/24" }]],
  };
  const plugin = { type: "", ...bases[base], ipam };
  return {
    conflist: { cniVersion, name: "cbr0", plugins: [plugin] },
    containerId: pod,
    netns,
    ifname: "eth0",
    cniPath: [referencePlugins, dist],
    node,
  };
}

/** Of all interfaces but lo. */
function addressesOf(listing: string): string[] {
  return listing
    .split("\n")
    .filter((line) => !/^\d+: lo /.test(line))
    .flatMap((line) => /inet (\S+)/.exec(line)?.[1] ?? []);
}
