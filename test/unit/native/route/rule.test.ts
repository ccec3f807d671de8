import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBytes,
  attrString,
  attrU32,
  attrU8,
  encodeBody,
} from "../../../../native/attribute.ts";
import { encode } from "../../../../native/layout.ts";
import {
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
} from "../../../../native/route/constants.ts";
import {
  decodeRule,
  encodeRuleQuery,
  encodeSourceRule,
} from "../../../../native/route/rule.ts";
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
    flags: 2,
  }),
  [
    attrBytes(1, destination),
    attrBytes(2, source),
    attrString(3, "in0"),
    attrU32(4, 2048),
    attrU32(6, 1024),
    attrU32(10, 0x4000),
    attrU32(14, 3),
    attrU32(15, 1234),
    attrU32(16, 0xff00),
    attrString(17, "out0"),
    attrU8(21, 88),
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

describe("encodeSourceRule()", () => {
  it("sends what `ip rule add from … table …` sends, a large table by an attribute", () => {
    const body = encodeSourceRule({
      family: 2,
      source: { address: source, length: 16 },
      table: 17228,
      priority: 17228,
      protocol: 88,
    });
    expectGolden("route/rule-add", { type: RTM_NEWRULE, body });
    expect(decodeRule(body)).toStrictEqual({
      family: 2,
      priority: 17228,
      action: 1,
      table: 17228,
      source: { address: source, length: 16 },
      protocol: 88,
    });
  });

  it("sends what `ip -6 rule del` sends, but for the action", () => {
    const network = Buffer.from("fd010000000000000000000000000000", "hex");
    const body = encodeSourceRule({
      family: 10,
      source: { address: network, length: 48 },
      table: 77,
      priority: 99,
      protocol: 88,
    });
    body[fibRuleHdr.offsets.action] = 0;
    expectGolden("route/rule-delete", { type: RTM_DELRULE, body });
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
      protocol: 88,
      inverted: true,
      target: 2048,
      suppressedLength: 3,
    });
  });

  it("says where a rule asks for more than networks, devices and marks, and that -1 suppresses nothing", () => {
    const header = { family: 2, table: 254, action: 1 };
    const narrow = (more: object, type: number) =>
      decodeRule(
        encodeBody(encode(fibRuleHdr, { ...header, ...more }), [
          attrU32(type, 0xffffffff),
        ]),
      ).isNarrow;
    expect(narrow({}, 14)).toBeUndefined();
    for (const type of [12, 13, 19]) expect(narrow({}, type)).toBe(true);
    const body = encodeBody(encode(fibRuleHdr, header), [
      attrU32(14, 0xffffffff),
    ]);
    expect(decodeRule(body)).toStrictEqual({ ...header, priority: 0 });
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
