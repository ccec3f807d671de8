import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CniError } from "../../../cni/error.ts";
import { oneLine, printable } from "../../../cni/printable.ts";

/** What a terminal or a log viewer obeys: Unicode's control characters, line separators and marks of direction. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom("\u001b[2J", "\n", "\r", "\u009b", "\u202e", "a", "é"),
    )
    .map((parts) => parts.join("")),
);

describe("printable()", () => {
  it("leaves nothing but line ends that a terminal would obey", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(printable(text).replaceAll("\n", "")).not.toMatch(OBEYED);
        expect(oneLine(text)).not.toMatch(OBEYED);
      }),
    );
  });

  it("shows what was there", () => {
    expect(printable("a\u001b[31mb\u202ec\nd é")).toBe(
      "a\\u001b[31mb\\u202ec\nd é",
    );
    expect(oneLine("a \r\n  b\n\nc")).toBe("a b c");
  });

  it("leaves JSON what it means", () => {
    fc.assert(
      fc.property(fc.jsonValue(), hostile, (value, key) => {
        const all = { [key]: value, key };
        const text = printable(JSON.stringify(all, undefined, 2));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(all)));
      }),
    );
  });
});

it("an error's texts are of one line each, bounded, and without what a terminal obeys", () => {
  const long = fc
    .tuple(hostile, fc.nat(3000))
    .map(([text, times]) => `Cannot ${text.repeat(times)} end`);
  fc.assert(
    fc.property(long, long, (message, details) => {
      const object = new CniError(7, message, { details }).toJSON("1.1.0");
      const printed = JSON.stringify(object);
      expect(Buffer.byteLength(printed)).toBeLessThanOrEqual(960);
      for (const text of [object.msg, object.details]) {
        expect(text).not.toMatch(OBEYED);
        expect(text).toMatch(/^Cannot .*end$/u);
      }
    }),
  );
});
