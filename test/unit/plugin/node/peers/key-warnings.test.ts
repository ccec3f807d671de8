import { describe, expect, it } from "vitest";
import type {
  ObservedAssociation,
  SecurityAssociation,
} from "../../../../../native/xfrm/sa.ts";
import { knowAssociations } from "../../../../../plugin/node/peers/associations.ts";
import { keyWarnings } from "../../../../../plugin/node/peers/key-warnings.ts";
import { cluster, meshAt, node } from "../../../../support/mesh/mesh.ts";

const clusters = ["a", "b"].map((name, i) =>
  cluster(name, {
    nodes: [
      node(`${name}1`, `192.168.${String(i)}.1`, {
        podCIDRs: [`10.${String(i)}.0.0/24`],
      }),
    ],
  }),
);
const mesh = meshAt(clusters, "a/a1");

function held(sa: SecurityAssociation, output = 0n): ObservedAssociation {
  const current = {
    bytes: 0n,
    packets: output,
    addTimeSeconds: 0n,
    useTimeSeconds: 0n,
  };
  const statistics = { replayWindow: 0, replay: 0, integrityFailed: 0 };
  return {
    ...sa,
    protocol: 50,
    current,
    statistics,
    sequence: { output, input: 0n },
    foreign: [],
  };
}

const warningsOf = (kernel: readonly ObservedAssociation[]): string[] =>
  keyWarnings(mesh, knowAssociations(kernel));

describe("keyWarnings()", () => {
  it("says nothing of SAs that are as they should be, nor of missing ones", () => {
    expect(
      warningsOf(mesh.associations.map((sa) => held(sa, 2n ** 30n))),
    ).toEqual([]);
    expect(warningsOf([])).toEqual([]);
  });

  it("names an outbound SA from the half of its sequence numbers on", () => {
    const [peer] = mesh.peers;
    const at = (output: bigint): string[] =>
      warningsOf(
        mesh.associations.map((sa) =>
          held(sa, peer!.spisOut.includes(sa.spi) ? output : 2n ** 32n - 1n),
        ),
      );
    expect(at(2n ** 31n - 1n)).toEqual([]);
    expect(at(2n ** 31n)).toEqual([
      "The SA to b/b1 (192.168.1.1) has sent 2147483648 of 4294967295 packets, and sends none after the last: the agent, the next ADD or `crosslink apply` goes on to another one",
    ]);
  });
});
