import { describe, expect, it } from "vitest";
import { XFRM_STATE_ESN } from "../../../../native/index.ts";
import { sequenceUse } from "../../../../plugin/ike/sequence.ts";

describe("sequenceUse()", () => {
  it("knows extended sequence numbers", () => {
    const sequence = { output: 1n << 63n, input: 0n };
    expect(sequenceUse({ sequence, flags: XFRM_STATE_ESN })).toBe(0.5);
  });
});
