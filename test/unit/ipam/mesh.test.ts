import { describe, expect, it } from "vitest";
import { parseAddress, parseCidr } from "../../../ip/cidr.ts";
import { readRangeSets } from "../../../ipam/configuration/ranges.ts";
import {
  type Mesh,
  refuseRemote,
  reservedAddresses,
} from "../../../ipam/mesh.ts";

function meshOf(
  remote: Record<string, string>,
  nodes: readonly string[] = [],
): Mesh {
  return {
    podCidrs: () => [],
    remote: () =>
      Object.entries(remote).map(([cluster, cidr]) => ({
        cluster,
        cidr: parseCidr(cidr),
      })),
    nodeAddresses: () => nodes.map((text) => parseAddress(text).bytes),
  };
}

const sets = readRangeSets(
  [
    [
      { subnet: "10.1.0.0/24" },
      { subnet: "10.1.8.0/24", rangeStart: "10.1.8.16", rangeEnd: "10.1.8.31" },
    ],
    [{ subnet: "fd00::/64" }],
  ],
  "",
);

describe("refuseRemote()", () => {
  it.each([
    "10.0.0.0/8",
    "10.1.0.128/25",
    "10.1.8.24/29",
    "fd00::/48",
    "fd00::8/128",
  ])(
    "refuses a range that overlaps %s of another cluster, and names both",
    (cidr) => {
      expect(() => {
        refuseRemote("podnet", sets, meshOf({ cluster2: cidr }));
      }).toThrow(
        expect.objectContaining({
          code: 7,
          message: expect.stringMatching(
            `of network "podnet": it overlaps ${cidr.replaceAll(".", "\\.")} of cluster "cluster2"`,
          ),
        }) as Error,
      );
    },
  );

  it.each([
    "10.2.0.0/16",
    "10.1.8.0/28",
    "10.1.8.32/27",
    "fd01::/64",
    "10.1.1.0/24",
  ])("has nothing against %s", (cidr) => {
    refuseRemote("podnet", sets, meshOf({ cluster2: cidr }));
    refuseRemote("podnet", sets, undefined);
  });
});

describe("reservedAddresses()", () => {
  it("holds gateways, networks, IPv4 broadcasts and nodes", () => {
    const mesh = meshOf({}, ["10.1.0.7", "fd00::7"]);
    expect(Object.fromEntries(reservedAddresses(sets, mesh))).toEqual({
      "10.1.0.0": "the network's own address",
      "10.1.0.1": "subnet's gateway",
      "10.1.0.7": "a node's address",
      "10.1.0.255": "the broadcast address",
      "10.1.8.0": "the network's own address",
      "10.1.8.1": "subnet's gateway",
      "10.1.8.255": "the broadcast address",
      "fd00::": "the network's own address",
      "fd00::1": "subnet's gateway",
      "fd00::7": "a node's address",
    });
  });
});
