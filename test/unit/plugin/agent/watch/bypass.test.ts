import { describe, expect, it } from "vitest";
import { encodePolicy } from "../../../../../native/xfrm/codec/policy-encode.ts";
import type { SecurityPolicy } from "../../../../../native/xfrm/sp.ts";
import {
  judgeFilter,
  judgePolicy,
} from "../../../../../plugin/agent/watch/bypass.ts";

const prefix = { address: new Uint8Array(4), length: 0 };

function policy(priority: number): SecurityPolicy {
  return {
    selector: { source: prefix, destination: prefix },
    direction: "out",
    action: "allow",
    priority,
    templates: [],
  };
}

function message(type: number, body: Uint8Array) {
  return { type, flags: 0, sequence: 0, portId: 0, body };
}

/** struct xfrm_userpolicy_id, and XFRMA_POLICY (7). */
function goneBody(priority: number): Uint8Array {
  const whole = encodePolicy(policy(priority));
  const info = whole.subarray(0, 168);
  const header = new Uint8Array(new Uint16Array([4 + info.length, 7]).buffer);
  return Uint8Array.from([...new Uint8Array(64), ...header, ...info]);
}

describe("judgePolicy()", () => {
  it("hears of others' policies that come and go, and of all that go at once", () => {
    const judge = (type: number, priority: number) =>
      judgePolicy(message(type, encodePolicy(policy(priority))));
    expect(judge(0x13, 100)).toBe("change");
    expect(judge(0x19, 100)).toBe("change");
    expect(judge(0x13, 17200)).toBe("nothing");
    expect(judge(0x13, 17299)).toBe("nothing");
    const gone = (priority: number) =>
      judgePolicy(message(0x14, goneBody(priority)));
    expect([100, 17200, 17299].map(gone)).toEqual([
      ...["change", "nothing", "nothing"],
    ]);
    // XFRM_MSG_FLUSHPOLICY, and what a kernel tells less of.
    expect(judgePolicy(message(0x1d, new Uint8Array(0)))).toBe("change");
    expect(judgePolicy(message(0x14, new Uint8Array(64)))).toBe("change");
  });
});

describe("judgeFilter()", () => {
  it("hears of filters, and not of the qdiscs that every device has", () => {
    const judge = (type: number) =>
      judgeFilter(message(type, new Uint8Array(20)));
    expect([44, 45, 36, 37].map(judge)).toEqual([
      ...["change", "change"],
      ...["nothing", "nothing"],
    ]);
  });
});
