import { describe, expect, it } from "vitest";
import { addressFromBytes } from "../../../../ip/cidr.ts";
import {
  type Tunnel,
  tunnelsWith as tunnelsWithAll,
} from "../../../../plugin/mesh/tunnels.ts";
import { type Member, membersOf } from "../../../../plugin/mesh/members.ts";
import { networksOf } from "../../../../plugin/mesh/networks.ts";
import type { Cluster, Node } from "../../../../conf/generated/cluster.ts";
import { cluster, node } from "../../../support/mesh/mesh.ts";

function member(
  name: string,
  ips: [string, ...string[]],
  rest: Partial<Node> = {},
  whole: Partial<Cluster> = {},
): Member {
  const source = cluster(name, {
    nodes: [node(`${name}1`, ips, { podCIDRs: [], ...rest })],
    ...whole,
  });
  return membersOf(source, networksOf(source), undefined)[0]!;
}

function summary(tunnel: Tunnel): string {
  const list = (what: Tunnel["localCidrs"]): string =>
    what.map(({ text }) => text).join(" ") || "-";
  return `${addressFromBytes(tunnel.local).text} > ${addressFromBytes(tunnel.remote).text}: ${list(tunnel.localCidrs)} > ${list(tunnel.remoteCidrs)}${tunnel.mixed ? " mixed" : ""}`;
}

const pods = { podCIDRs: ["10.1.0.0/24", "fd01::/64"] };
const others = { podCIDRs: ["10.2.0.0/24", "fd02::/64"] };

const tunnelsWith = (own: Member, peer: Member): Tunnel[] =>
  tunnelsWithAll(own, [peer]);

describe("tunnelsWith()", () => {
  it("sends each family through its own where both nodes have both", () => {
    expect(
      tunnelsWith(
        member("a", ["192.168.0.1", "fd99::1"], pods),
        member("b", ["192.168.1.1", "fd99::2"], others),
      ).map(summary),
    ).toEqual([
      "192.168.0.1 > 192.168.1.1: 10.1.0.0/24 > 10.2.0.0/24",
      "fd99::1 > fd99::2: fd01::/64 > fd02::/64",
    ]);
  });

  it("sends both through the only family that both nodes have", () => {
    expect(
      tunnelsWith(
        member("a", ["192.168.0.1", "fd99::1"], pods),
        member("b", ["192.168.1.1"], others),
      ).map(summary),
    ).toEqual([
      "192.168.0.1 > 192.168.1.1: 10.1.0.0/24 fd01::/64 > 10.2.0.0/24 fd02::/64 mixed",
    ]);
    expect(
      tunnelsWith(
        member("a", ["fd99::1"], { podCIDRs: ["10.1.0.0/24"] }),
        member("b", ["192.168.1.1", "fd99::2"], others),
      ).map(summary),
    ).toEqual(["fd99::1 > fd99::2: 10.1.0.0/24 > 10.2.0.0/24 mixed"]);
  });

  it("has no tunnel where the nodes share no family, or the pods don't", () => {
    expect(
      tunnelsWith(
        member("a", ["192.168.0.1"], pods),
        member("b", ["fd99::2"], others),
      ),
    ).toEqual([]);
    expect(
      tunnelsWith(
        member("a", ["192.168.0.1"], { podCIDRs: ["10.1.0.0/24"] }),
        member("b", ["192.168.1.1"], { podCIDRs: ["fd02::/64"] }),
      ),
    ).toEqual([]);
    expect(
      tunnelsWith(
        member("a", ["192.168.0.1"], pods),
        member("b", ["192.168.1.1"]),
      ),
    ).toEqual([]);
  });

  it("uses elastic addresses only where both nodes have one of the family", () => {
    const elastic = { elasticIP: "203.0.113.1" };
    const both = tunnelsWith(
      member("a", ["192.168.0.1", "fd99::1"], { ...pods, ...elastic }),
      member("b", ["192.168.1.1", "fd99::2"], {
        ...others,
        elasticIP: "203.0.113.2",
      }),
    );
    expect(both.map(summary)).toEqual([
      "192.168.0.1 > 203.0.113.2: 10.1.0.0/24 > 10.2.0.0/24",
      "fd99::1 > fd99::2: fd01::/64 > fd02::/64",
    ]);
    const [one] = tunnelsWith(
      member("a", ["192.168.0.1"], pods),
      member("b", ["192.168.1.1"], { ...others, ...elastic }),
    );
    expect(summary(one!)).toMatch(/^192\.168\.0\.1 > 192\.168\.1\.1:/u);
    const [six] = tunnelsWith(
      member("a", ["192.168.0.1"], { ...pods, elasticIP: "2001:db8::1" }),
      member("b", ["192.168.1.1"], { ...others, ...elastic }),
    );
    expect(summary(six!)).toMatch(/^192\.168\.0\.1 > 192\.168\.1\.1:/u);
  });

  it("names both ends for the keys, with the elastic address of the family", () => {
    const [tunnel] = tunnelsWith(
      member("a", ["192.168.0.1"], { ...pods, elasticIP: "203.0.113.1" }),
      member("b", ["192.168.1.1"], others),
    );
    expect(tunnel!.ends).toMatchObject({
      own: {
        cluster: "a",
        node: "a1",
        address: "192.168.0.1",
        elasticIP: "203.0.113.1",
      },
      peer: { cluster: "b", node: "b1", address: "192.168.1.1" },
    });
    expect(tunnel!.ends.peer.elasticIP).toBeUndefined();
  });

  it("shows global CIDRs, and hides what packets carry before they are translated", () => {
    const global = {
      podCIDRs: ["10.244.0.0/16"],
      globalCIDRs: { "10.244.0.0/16": "100.80.0.0/16" },
    };
    const [tunnel] = tunnelsWith(
      member("a", ["192.168.0.1"], { podCIDRs: ["10.244.1.0/24"] }, global),
      member("b", ["192.168.1.1"], others),
    );
    expect(tunnel!.localCidrs.map(({ text }) => text)).toEqual([
      "100.80.1.0/24",
    ]);
    expect(tunnel!.hiddenCidrs.map(({ text }) => text)).toEqual([
      "10.244.1.0/24",
    ]);
    const [back] = tunnelsWith(
      member("b", ["192.168.1.1"], others),
      member("a", ["192.168.0.1"], { podCIDRs: ["10.244.1.0/24"] }, global),
    );
    expect(back!.remoteCidrs.map(({ text }) => text)).toEqual([
      "100.80.1.0/24",
    ]);
    expect(back!.hiddenCidrs).toEqual([]);
  });

  it("hides the pods behind its services", () => {
    const [tunnel] = tunnelsWith(
      member(
        "a",
        ["192.168.0.1"],
        { podCIDRs: ["10.1.1.0/24"] },
        { podCIDRs: ["10.1.0.0/16"], serviceCIDRs: ["10.96.0.0/16"] },
      ),
      member("b", ["192.168.1.1"], others),
    );
    expect(tunnel!.localCidrs.map(({ text }) => text)).toEqual([
      "10.1.1.0/24",
      "10.96.0.0/16",
    ]);
    expect(tunnel!.hiddenCidrs.map(({ text }) => text)).toEqual([
      "10.1.0.0/16",
    ]);
  });

  it("is in UDP where either cluster asks for it", () => {
    const [a, b, udp] = [
      member("a", ["192.168.0.1"], pods),
      member("b", ["192.168.1.1"], others),
      member("b", ["192.168.1.1"], others, { encap: "udp" }),
    ];
    expect(
      [tunnelsWith(a, b), tunnelsWith(a, udp), tunnelsWith(udp, a)].map(
        ([tunnel]) => tunnel!.inUdp,
      ),
    ).toEqual([false, true, true]);
  });
});
