import { describe, expect, it } from "vitest";
import { knowGenerations } from "../../../../../plugin/node/keys/generations.ts";
import { unused } from "../../../../support/mesh/keyed-node.ts";
import {
  cluster,
  keyring,
  meshAt,
  node,
} from "../../../../support/mesh/mesh.ts";

const clusters = ["a", "b", "c"].map((name, i) =>
  cluster(name, {
    nodes: [
      node(`${name}1`, `192.168.${String(i)}.1`, {
        podCIDRs: [`10.${String(i)}.0.0/24`],
      }),
    ],
  }),
);
const { series } = meshAt(clusters, "a/a1", { keyring: keyring(1) });
const all = series.flatMap(({ outbound, inbound }) => [outbound, ...inbound]);
const first = new Map<string, number>();

describe("knowGenerations()", () => {
  it.each([0, 1, 2, 3, 4, 29, 30])(
    "tells generation %i of either direction from all others",
    (generation) => {
      expect(all).toHaveLength(4);
      for (const one of all)
        expect(knowGenerations(series, first)(unused(one.at(generation)))).toBe(
          generation,
        );
    },
  );

  it("finds one far on by what was noted", () => {
    const generationOf = knowGenerations(
      series,
      new Map(all.map((one) => [one.name(), 5000])),
    );
    for (const one of all)
      for (const generation of [0, 4999, 5000, 5001])
        expect(generationOf(unused(one.at(generation)))).toBe(generation);
  });

  it("tells nothing of an SA with another key, reqid or place", () => {
    const [one, other] = all;
    if (!one || !other) throw new Error("no series");
    const generationOf = knowGenerations(series, first);
    const sa = one.at(1);
    const foreign = [
      { ...sa, aead: other.at(1).aead },
      { ...sa, reqid: sa.reqid + 1 },
      { ...sa, spi: sa.spi + 1 },
      { ...sa, destination: Uint8Array.of(192, 0, 2, 1) },
    ];
    for (const association of foreign)
      expect(generationOf(unused(association))).toBeUndefined();
    expect(generationOf(unused(sa))).toBe(1);
  });
});
