import { beforeEach, describe, expect, it } from "vitest";
import { keepFolder } from "../../../../../plugin/kubernetes/files/folder.ts";
import { temporaryFolder } from "../../../conf/files.ts";

interface Told {
  readonly name: string;
  readonly nodes: readonly object[];
  readonly more?: object;
}

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

const node = (net: number, more: object = {}) => ({
  name: "n1",
  ips: [`192.0.2.${String(net)}`],
  podCIDRs: [`10.${String(net)}.0.0/24`],
  ...more,
});

const value = (net: number, { name, nodes, more }: Told) => ({
  ...{ name, podCIDRs: [`10.${String(net)}.0.0/16`], nodes },
  ...{ managedBy: "kubernetes", ...more },
});

/** As the API server has the own cluster, a peer whose name comes before its, and one whose name comes after. */
function keep(
  {
    evil,
    own = {},
    good = {},
  }: { evil: object[]; own?: object; good?: object },
  more: object = {},
) {
  const told = [
    value(3, { name: "evil", nodes: evil, more }),
    value(2, { name: "good", nodes: [node(2, good)] }),
    value(1, { name: "own", nodes: [node(1, own)] }),
  ];
  return keepFolder({
    folder,
    clusters: new Map(told.map((each) => [each.name, { value: each }])),
    removes: () => false,
    here: { cluster: "own", node: "n1" },
  });
}

const ELASTIC = { elasticIP: "198.51.100.1" };

describe("keepFolder(): no peer's words have this node refuse all files", () => {
  it.each<[string, string, object[]]>([
    [
      "at this node's own address",
      "this node's own",
      [node(3, { ips: ["192.0.2.1"] })],
    ],
    [
      "in its own pod network",
      'holds "10.3.0.9"',
      [node(3, { ips: ["10.3.0.9"] })],
    ],
    [
      "whose pods nobody knows",
      "Cannot tell which pods",
      [node(3), { name: "n2", ips: ["192.0.2.7"] }],
    ],
  ])("of a node %s", (_, sentence, evil) => {
    const { troubles, written } = keep({ evil });
    expect(troubles.get("evil")).toContain(sentence);
    expect(written).toEqual(["own", "good"]);
    expect(keep({ evil: [node(3)] }).written).toEqual(["evil"]);
  });

  it.each<[string, string, object]>([
    [
      "at another peer's address",
      '"192.0.2.2", as node "n1" of cluster "good" is',
      { ips: ["192.0.2.2"] },
    ],
    [
      "in another peer's pod network",
      '"10.2.0.9" of node "n1" of cluster "evil" lies in "10.2.0.0/16"',
      { ips: ["10.2.0.9"] },
    ],
  ])("of a node that moves, %s", (_, sentence, moved) => {
    expect(keep({ evil: [node(3)] }).written).toHaveLength(3);
    const { troubles, written } = keep({ evil: [node(3, moved)] });
    expect(troubles.get("evil")).toContain(sentence);
    expect(written).toEqual([]);
    // Others are followed meanwhile.
    const { written: more } = keep({
      evil: [node(3, moved)],
      good: { ips: ["192.0.2.20"] },
    });
    expect(more).toContain("good");
  });

  it("of a network around another peer's nodes, or this cluster's", () => {
    expect(
      keep({ evil: [node(3)], good: { ips: ["203.0.113.2"] } }).written,
    ).toHaveLength(3);
    const around = (podCIDR: string) =>
      keep(
        { evil: [node(3)], good: { ips: ["203.0.113.2"] } },
        { podCIDRs: ["10.3.0.0/16", podCIDR] },
      );
    expect(around("203.0.113.0/24").troubles.get("evil")).toContain(
      '"203.0.113.2"',
    );
    expect(around("192.0.2.0/31").troubles.get("evil")).toContain(
      '"192.0.2.1"',
    );
    expect(around("172.16.0.0/16").written).toEqual(["evil"]);
  });

  it("but private addresses may be the same behind elastic ones", () => {
    const evil = [node(3, { ips: ["192.0.2.2"], elasticIP: "198.51.100.3" })];
    const good = { elasticIP: "198.51.100.2" };
    expect(keep({ evil, own: ELASTIC, good }).written).toHaveLength(3);
  });

  it("and where this node is reached by no elastic one, they may not", () => {
    const evil = [node(3, { ips: ["192.0.2.2"], elasticIP: "198.51.100.3" })];
    expect(
      keep({ evil, good: { elasticIP: "198.51.100.2" } }).troubles.size,
    ).toBe(1);
  });
});
