import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeSection,
  encodeSection,
  type Section,
} from "../../../../../plugin/ike/vici/message.ts";

/** Names that no object has anyway, since a section is compared as one. */
const name = fc.string({ minLength: 1, maxLength: 20 });
const value = fc.string({ maxLength: 40 });

const section = fc.letrec<{ section: Section; node: Section[string] }>(
  (tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      value,
      fc.array(value, { maxLength: 4 }),
      tie("section"),
    ),
    section: fc.dictionary(name, tie("node"), { maxKeys: 5 }),
  }),
).section;

describe("encodeSection()", () => {
  it("writes what strongSwan's protocol document gives as its example", () => {
    // src/libcharon/plugins/vici/README.md, "Encoding example".
    const message = {
      key1: "value1",
      section1: {
        "sub-section": { key2: "value2" },
        list1: ["item1", "item2"],
      },
    };
    const bytes = Buffer.from(
      "\x03\x04key1\0\x06value1" +
        "\x01\x08section1" +
        "\x01\x0bsub-section" +
        "\x03\x04key2\0\x06value2" +
        "\x02" +
        "\x04\x05list1\x05\0\x05item1\x05\0\x05item2\x06" +
        "\x02",
    );
    expect(encodeSection(message)).toEqual(bytes);
    expect(decodeSection(bytes)).toEqual(message);
  });

  it("refuses what does not fit, and does not repeat it", () => {
    const secret = "s".repeat(70_000);
    expect(() => encodeSection({ data: secret })).toThrow(RangeError);
    expect(() => encodeSection({ data: secret })).not.toThrow(/sss/);
    expect(() => encodeSection({ ["n".repeat(256)]: "" })).toThrow(RangeError);
  });
});

describe("decodeSection()", () => {
  it("reads what encodeSection() wrote", () => {
    fc.assert(
      fc.property(section, (message) => {
        expect(decodeSection(encodeSection(message))).toEqual(
          JSON.parse(JSON.stringify(message)),
        );
      }),
    );
  });

  it("reads any bytes, or throws RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeSection(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it("refuses a message that is cut off anywhere but between elements", () => {
    const whole = encodeSection({ list: ["a", "b"], inner: { key: "value" } });
    const ends = Array.from({ length: whole.length - 1 }, (_, end) => end + 1);
    const readable = ends.filter((end) => {
      try {
        decodeSection(whole.subarray(0, end));
        return true;
      } catch {
        return false;
      }
    });
    expect(readable).toEqual([encodeSection({ list: ["a", "b"] }).length]);
  });

  it("refuses sections without end", () => {
    const deep = Uint8Array.from(
      Array<number[]>(10_000).fill([1, 1, 97]).flat(),
    );
    expect(() => decodeSection(deep)).toThrow(RangeError);
  });

  it("keeps a key called __proto__ a key", () => {
    const found = decodeSection(
      encodeSection(JSON.parse('{"__proto__":{"a":"b"}}') as Section),
    );
    expect(Object.keys(found)).toEqual(["__proto__"]);
  });
});
