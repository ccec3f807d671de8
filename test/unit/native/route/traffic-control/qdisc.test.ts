import { describe, expect, it } from "vitest";
import { attrString, encodeBody } from "../../../../../native/attribute.ts";
import { encode } from "../../../../../native/layout.ts";
import { RTM_GETQDISC } from "../../../../../native/route/constants.ts";
import { tcmsg } from "../../../../../native/route/structs.ts";
import {
  decodeQdisc,
  encodeQdiscQuery,
} from "../../../../../native/route/traffic-control/qdisc.ts";
import { expectGolden } from "../../../../support/golden.ts";

describe("encodeQdiscQuery()", () => {
  it("sends what `tc qdisc show` sends", () => {
    expectGolden("tc/qdisc-list", {
      type: RTM_GETQDISC,
      body: encodeQdiscQuery(),
    });
  });
});

describe("decodeQdisc()", () => {
  it("reads device and kind, and throws RangeError where it is cut short", () => {
    const body = encodeBody(encode(tcmsg, { tcm_ifindex: 5 }), [
      attrString(1, "clsact"),
    ]);
    expect(decodeQdisc(body)).toEqual({ index: 5, kind: "clsact" });
    expect(() => decodeQdisc(body.subarray(0, 19))).toThrow(RangeError);
  });
});
