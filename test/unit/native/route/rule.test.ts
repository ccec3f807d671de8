import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBytes,
  attrString,
  attrU32,
  encodeBody,
} from "../../../../native/attribute.ts";
import { encode } from "../../../../native/layout.ts";
import { RTM_GETRULE } from "../../../../native/route/constants.ts";
import { decodeRule, encodeRuleQuery } from "../../../../native/route/rule.ts";
import { fibRuleHdr } from "../../../../native/route/structs.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";
import { expectGolden } from "../../../support/golden.ts";

const source = Uint8Array.of(10, 1, 0, 0);
const destination = Uint8Array.of(10, 2, 0, 0);
const full = encodeBody(
  encode(fibRuleHdr, {
    family: 2,
    dst_len: 17,
    src_len: 16,
    table: 0,
    action: 1,
  }),
  [
    attrBytes(1, destination),
    attrBytes(2, source),
    attrString(3, "in0"),
    attrU32(6, 1024),
    attrU32(10, 0x4000),
    attrU32(15, 1234),
    attrU32(16, 0xff00),
    attrString(17, "out0"),
  ],
);

describe("encodeRuleQuery()", () => {
  it("sends what `ip -6 rule show` sends", () => {
    expectGolden("route/rule-list", {
      type: RTM_GETRULE,
      body: encodeRuleQuery(10),
    });
  });
});

describe("decodeRule()", () => {
  it("reads everything that a rule has", () => {
    expect(decodeRule(full)).toStrictEqual({
      family: 2,
      priority: 1024,
      action: 1,
      table: 1234,
      source: { address: source, length: 16 },
      destination: { address: destination, length: 17 },
      inputInterface: "in0",
      outputInterface: "out0",
      mark: 0x4000,
      markMask: 0xff00,
    });
  });

  it("takes the table from the header where there is no attribute", () => {
    const body = encode(fibRuleHdr, { family: 10, table: 255, action: 6 });
    expect(decodeRule(body)).toStrictEqual({
      family: 10,
      priority: 0,
      action: 6,
      table: 255,
    });
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(fc.constant(full)), (bytes) => {
        expectRangeErrorOrResult(() => decodeRule(bytes));
      }),
    );
  });
});
