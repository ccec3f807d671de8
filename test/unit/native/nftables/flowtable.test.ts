import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attrBe32, attrString, nested } from "../../../../native/attribute.ts";
import {
  decodeFlowtable,
  dumpFlowtables,
} from "../../../../native/nftables/flowtable.ts";
import { encodeNetfilter } from "../../../../native/nfnetlink.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";
import { expectGolden } from "../../../support/golden.ts";

const full = encodeNetfilter(1, [
  attrString(1, "filter"),
  attrString(2, "fast"),
  nested(3, [
    attrBe32(1, 0),
    attrBe32(2, 10),
    nested(3, [attrString(1, "eth0"), attrString(1, "veth1")]),
  ]),
]);

describe("dumpFlowtables()", () => {
  it("sends what `nft list flowtables` sends", () => {
    expectGolden("nftables/flowtable-list", dumpFlowtables());
  });
});

describe("decodeFlowtable()", () => {
  it("reads its name and its devices", () => {
    expect(decodeFlowtable(full)).toEqual({
      family: 1,
      table: "filter",
      name: "fast",
      devices: ["eth0", "veth1"],
    });
  });

  it("throws nothing but RangeError", () => {
    fc.assert(
      fc.property(damaged(fc.constant(full)), (bytes) => {
        expectRangeErrorOrResult(() => decodeFlowtable(bytes));
      }),
    );
  });
});
