import { describe, expect, it } from "vitest";
import { CniError } from "../../../../cni/error.ts";
import { parseAddress } from "../../../../ip/cidr.ts";
import {
  requireAddressHere,
  selectSelf,
  type SelfHints,
} from "../../../../plugin/mesh/self.ts";
import { cluster, node } from "../../../support/mesh/mesh.ts";

const clusters = [
  cluster("a", {
    nodes: [node("vm-0-7", "172.17.0.2"), node("shared", "172.17.0.3")],
  }),
  cluster("b", {
    nodes: [
      node("vm-0-10", ["172.17.0.7", "fd00::7"]),
      node("shared", "172.17.0.8"),
    ],
  }),
];

function hints(rest: Partial<SelfHints>): SelfHints {
  return { hostName: "elsewhere", addresses: [], ...rest };
}

function addresses(...texts: string[]): Uint8Array[] {
  return texts.map((text) => parseAddress(text).bytes);
}

function refusal(rest: Partial<SelfHints>): CniError {
  try {
    selectSelf(clusters, hints(rest));
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("it found a node");
}

describe("selectSelf()", () => {
  it("takes `node` before all other names", () => {
    const self = selectSelf(
      clusters,
      hints({
        node: "vm-0-7",
        nodeName: "vm-0-10",
        hostName: "vm-0-10",
        addresses: addresses("172.17.0.2"),
      }),
    );
    expect([self.source.cluster.name, self.node.name]).toEqual(["a", "vm-0-7"]);
  });

  it("takes NODE_NAME before the host name", () => {
    expect(
      selectSelf(clusters, hints({ nodeName: "vm-0-10", hostName: "vm-0-7" }))
        .node.name,
    ).toBe("vm-0-10");
  });

  it("takes the host name also where Kubernetes lowered its case", () => {
    const own = addresses("172.17.0.2");
    const rest = { nodeName: "", hostName: "VM-0-7", addresses: own };
    expect(selectSelf(clusters, hints(rest)).node.name).toBe("vm-0-7");
  });

  it.each([{ node: "shared" }, { nodeName: "shared" }, { hostName: "shared" }])(
    "takes the one of two nodes of that name that has an address of this machine: %j",
    (rest) => {
      for (const [address, name] of [
        ["172.17.0.3", "a"],
        ["172.17.0.8", "b"],
      ] as const) {
        const own = { ...rest, addresses: addresses(address) };
        expect(selectSelf(clusters, hints(own)).source.cluster.name).toBe(name);
      }
    },
  );

  it("takes the address's word where the host name is by chance another cluster's node's", () => {
    const own = addresses("172.17.0.7");
    for (const hostName of ["vm-0-7", "VM-0-7"])
      expect(
        selectSelf(clusters, hints({ hostName, addresses: own })).node.name,
      ).toBe("vm-0-10");
  });

  it.each([
    [
      "`node` is another's",
      { node: "vm-0-7" },
      "172.17.0.7",
      ["vm-0-10", "vm-0-7"],
    ],
    [
      "NODE_NAME is a neighbour's",
      { nodeName: "vm-0-7" },
      "172.17.0.3",
      ["shared", "vm-0-7"],
    ],
    [
      "NODE_NAME is one's of another cluster",
      { nodeName: "vm-0-7" },
      "172.17.0.7",
      ["vm-0-10", "vm-0-7"],
    ],
    [
      "the host name is a neighbour's",
      { hostName: "vm-0-7" },
      "172.17.0.3",
      ["shared", "vm-0-7"],
    ],
  ])("refuses a contradiction, with both: %s", (_, rest, address, named) => {
    const error = refusal({ ...rest, addresses: addresses(address) });
    expect(error.code).toBe(7);
    expect(error.message).toMatch(
      /^Cannot tell which node this is: the .* "vm-0-7" and this machine's addresses contradict each other$/u,
    );
    for (const word of named) expect(error.details).toContain(word);
    expect(error.details).toContain("/etc/crosslink/clusters.d/a.json");
    expect(error.details).toContain('"node" in the network configuration');
  });

  it("goes on to the next hint where NODE_NAME names nobody", () => {
    expect(
      selectSelf(clusters, hints({ nodeName: "pod-7f", hostName: "vm-0-10" }))
        .node.name,
    ).toBe("vm-0-10");
  });

  it("finds the one node that has an address of this machine, whatever its family", () => {
    expect(
      selectSelf(
        clusters,
        hints({ addresses: addresses("127.0.0.1", "fd00::7", "fe80::1") }),
      ).node.name,
    ).toBe("vm-0-10");
  });

  it("believes a name alone for now, and refuses it where a machine's addresses are needed: one has moved", () => {
    const self = selectSelf(
      clusters,
      hints({ hostName: "vm-0-7", addresses: addresses("172.17.0.99") }),
    );
    expect(self.node.name).toBe("vm-0-7");
    expect(() => {
      requireAddressHere(self, addresses("127.0.0.1", "172.17.0.99"));
    }).toThrow(
      expect.objectContaining({
        code: 7,
        message: expect.stringContaining('node "vm-0-7"') as string,
        details: expect.stringMatching(
          /a\.json gives "vm-0-7" the ips 172\.17\.0\.2; this machine has 172\.17\.0\.99\./u,
        ) as string,
      }),
    );
  });

  it("believes it where this machine has no address that tells it from others", () => {
    const none = addresses("127.0.0.1", "169.254.1.1", "::1", "fe80::7");
    const self = selectSelf(clusters, hints({ hostName: "vm-0-7" }));
    expect(() => {
      requireAddressHere(self, none);
    }).not.toThrow();
  });

  it("shows the first of a thousand addresses", () => {
    const many = Array.from({ length: 1000 }, (_, index) =>
      Uint8Array.of(10, 96, index >> 8, index & 255),
    );
    const { details } = refusal({ addresses: many });
    expect(details).toContain(
      "10.96.0.3, and 996 more; the cluster files hold",
    );
    expect(details.length).toBeLessThan(512);
  });

  it("refuses a `node` that is in no file, though the host name would fit", () => {
    const error = refusal({ node: "vm-0-8", hostName: "vm-0-7" });
    expect(error).toMatchObject({
      code: 7,
      message: "Cannot find this node in the cluster files",
    });
    expect(error.details).toBe(
      'tried "node" of the network configuration "vm-0-8"; the cluster files hold nodes "shared", "vm-0-10", "vm-0-7"; did you mean "vm-0-7". Add the node to its cluster\'s file, or name it with "node" in the network configuration',
    );
  });

  it("lists all that it tried", () => {
    expect(
      refusal({
        nodeName: "x",
        hostName: "y",
        addresses: addresses("10.0.0.1", "fd00::1"),
      }).details,
    ).toMatch(
      /^tried NODE_NAME "x", then the host name "y", then this machine's addresses 10\.0\.0\.1, fd00::1; /u,
    );
  });

  it("refuses a name in two clusters and names both files", () => {
    for (const rest of [
      { node: "shared" },
      { nodeName: "shared" },
      { hostName: "shared" },
    ]) {
      const error = refusal(rest);
      expect(error).toMatchObject({ code: 7 });
      expect(error.message).toMatch(
        /^Cannot tell which node this is: .* "shared" fits 2 nodes$/u,
      );
      expect(error.details).toContain(
        '"shared" in /etc/crosslink/clusters.d/a.json and "shared" in /etc/crosslink/clusters.d/b.json',
      );
    }
  });

  it("refuses addresses of two nodes", () => {
    expect(
      refusal({ addresses: addresses("172.17.0.2", "172.17.0.7") }).message,
    ).toContain("fits 2 nodes");
  });

  it("shows eight names of many, and none of no nodes", () => {
    const many = [
      cluster("m", {
        nodes: Array.from({ length: 10 }, (_, i) =>
          node(`n${String(i)}`, `10.9.0.${String(i + 1)}`),
        ),
      }),
    ];
    expect(() => selectSelf(many, hints({}))).toThrow(
      expect.objectContaining({
        details: expect.stringContaining('"n7", and 2 more'),
      }),
    );
    expect(() => selectSelf([], hints({}))).toThrow(
      expect.objectContaining({
        details: expect.stringContaining("the cluster files hold no nodes"),
      }),
    );
  });
});
