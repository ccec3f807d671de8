import { describe, expect, it } from "vitest";
import { formatAddress } from "../../../../native/address.ts";
import type { DesiredMesh } from "../../../../plugin/mesh/state.ts";
import { cluster, meshAt, node } from "../../../support/mesh/mesh.ts";

const [own, other] = ["10.0.3.0/24", "10.0.4.0/24"];
const behindNat = cluster("a", {
  keying: "ike",
  nodes: [
    node("a1", "192.168.0.1", { podCIDRs: [own], initiate: true }),
    // A home network like the other's.
    node("a2", "192.168.0.2", { podCIDRs: [other], initiate: true }),
  ],
});
const reachable = cluster("b", {
  keying: "ike",
  nodes: [
    node("b1", "192.168.0.1", {
      podCIDRs: ["10.0.1.0/24"],
      elasticIP: "203.0.113.2",
    }),
  ],
});
const clusters = [behindNat, reachable];

const NAT = Uint8Array.of(198, 51, 100, 9);

function at(whereabouts: ReadonlyMap<string, Uint8Array>): DesiredMesh {
  return meshAt(clusters, "b/b1", { whereabouts });
}

/** Directions of the protecting policies toward and from a network, with their templates' far ends. */
function protecting({ policies }: DesiredMesh, network: string): string[] {
  return policies
    .filter(({ action }) => action === "allow")
    .filter(({ selector: { source, destination } }) =>
      [source, destination].some(
        ({ address, length }) =>
          `${formatAddress(address)}/${String(length)}` === network,
      ),
    )
    .flatMap(({ direction, templates: [template] }) => {
      const end = direction === "out" ? "destination" : "source";
      return `${direction} ${formatAddress(template![end])}`;
    });
}

describe("a node that initiates", () => {
  it("begins toward the elastic address, without one of its own", () => {
    const distant = cluster("b", {
      keying: "ike",
      nodes: [
        node("b1", "192.168.1.1", {
          podCIDRs: ["10.0.1.0/24"],
          elasticIP: "203.0.113.2",
        }),
      ],
    });
    const { ike } = meshAt([behindNat, distant], "a/a1");
    expect(
      ike.map(({ remote, initiator }) => [formatAddress(remote), initiator]),
    ).toEqual([["203.0.113.2", "own"]]);
  });

  it("is where its network has it, whatever its file says, and proves itself as before", () => {
    const here = Uint8Array.of(192, 168, 0, 77);
    const [before] = meshAt(clusters, "a/a1").ike;
    const [now] = meshAt(clusters, "a/a1", {
      whereabouts: new Map([["a1.a", here]]),
    }).ike;
    expect([before, now].map((each) => formatAddress(each!.local))).toEqual([
      "192.168.0.1",
      "192.168.0.77",
    ]);
    expect(now!.reqid).toBe(before!.reqid);
    expect(now!.secrets.map(({ psk }) => psk.bytes())).toEqual(
      before!.secrets.map(({ psk }) => psk.bytes()),
    );
  });

  it("is sent nothing before it appears, and accepted from anywhere", () => {
    const mesh = at(new Map());
    expect(protecting(mesh, own)).toEqual(["in 0.0.0.0", "fwd 0.0.0.0"]);
    expect(mesh.routes).toEqual([]);
    expect(mesh.ike.map(({ initiator }) => initiator)).toEqual([
      "peer",
      "peer",
    ]);
  });

  it("is answered where it has appeared, also behind one NAT with another", () => {
    const both = new Map([
      ["a1.a", NAT],
      ["a2.a", NAT],
    ]);
    for (const network of [own, other])
      expect(protecting(at(both), network)).toEqual([
        "out 198.51.100.9",
        "in 0.0.0.0",
        "fwd 0.0.0.0",
      ]);
    const reqids = at(both).ike.map(({ reqid }) => reqid);
    expect(new Set(reqids).size).toBe(2);
  });

  it("is not followed into networks that policies protect", () => {
    const inside = Uint8Array.of(10, 0, 4, 7);
    expect(protecting(at(new Map([["a1.a", inside]])), own)).toEqual([
      "in 0.0.0.0",
      "fwd 0.0.0.0",
    ]);
  });

  it("has no tunnel with another one, and both are told", () => {
    const alike = cluster("b", {
      keying: "ike",
      nodes: [
        node("b1", "192.168.1.1", {
          podCIDRs: ["10.0.1.0/24"],
          initiate: true,
        }),
      ],
    });
    const { warnings, policies } = meshAt([behindNat, alike], "b/b1");
    expect(warnings).toEqual(
      ["a1", "a2"].map(
        (name) =>
          `No tunnel to node "${name}" of cluster "a": it and node "b1" both have "initiate": true, so neither can be reached; give one of them an elasticIP instead`,
      ),
    );
    expect(
      policies.filter(
        ({ action, direction }) => action === "allow" && direction === "out",
      ),
    ).toEqual([]);
  });

  it("has the secret that its peer has, wherever it is", () => {
    const secrets = (mesh: DesiredMesh, id: string) =>
      mesh.ike
        .filter(({ localId, remoteId }) => [localId, remoteId].includes(id))
        .flatMap((tunnel) =>
          tunnel.secrets.map(({ psk }) => Buffer.from(psk.bytes()).toString()),
        );
    const there = secrets(at(new Map([["a2.a", NAT]])), "a2.a");
    expect(there).toHaveLength(1);
    expect(secrets(meshAt(clusters, "a/a2"), "a2.a")).toEqual(there);
  });
});
