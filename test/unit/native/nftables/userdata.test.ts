import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeComment,
  decodeUserData,
  encodeComment,
  encodeUserData,
} from "../../../../native/nftables/userdata.ts";

describe("encodeComment()", () => {
  it("gives back every comment that fits", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const comment = text.replaceAll("\0", "");
        expect(decodeComment(encodeComment(comment))).toBe(comment);
      }),
    );
  });

  it("refuses one that nft could not keep", () => {
    expect(() => encodeComment("x".repeat(128))).toThrow(RangeError);
    expect(encodeComment("x".repeat(127))).toHaveLength(130);
  });
});

describe("decodeUserData()", () => {
  it("finds a comment behind other entries", () => {
    const bytes = encodeUserData([
      { type: 1, value: Uint8Array.of(9, 9) },
      { type: 0, value: Buffer.from("crosslink\0") },
    ]);
    expect(decodeComment(bytes)).toBe("crosslink");
  });

  it("never throws, whatever somebody else keeps there", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (noise) => {
        expect(decodeUserData(noise).length).toBeLessThanOrEqual(noise.length);
      }),
    );
  });
});
