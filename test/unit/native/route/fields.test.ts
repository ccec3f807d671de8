import { describe, expect, it } from "vitest";
import { fieldsOf, present } from "../../../../native/route/fields.ts";

describe("fieldsOf()", () => {
  it("reads what is there, and undefined where nothing is", () => {
    const fields = fieldsOf(
      new Map([
        [1, Uint8Array.of(7, 0, 0, 0)],
        [2, Uint8Array.of(0x61, 0)],
      ]),
    );
    expect([fields.u32(1), fields.text(2), fields.bytes(2)]).toEqual([
      7,
      "a",
      Uint8Array.of(0x61, 0),
    ]);
    expect([fields.u32(9), fields.text(9), fields.bytes(9)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(() => fields.u32(2)).toThrow(RangeError);
  });
});

describe("present()", () => {
  it("leaves out undefined, and keeps what is merely empty", () => {
    expect(present({ a: undefined, b: 0, c: "", d: false })).toStrictEqual({
      b: 0,
      c: "",
      d: false,
    });
  });
});
