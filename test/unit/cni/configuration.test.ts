import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  configurationByteLimit,
  configurationVersion,
  parseConfiguration,
  requireNetworkName,
} from "../../../cni/configuration.ts";
import { CniError } from "../../../cni/error.ts";

const parse = (text: string): unknown => parseConfiguration(Buffer.from(text));
const coded = (code: number, message: string): Error =>
  expect.objectContaining({
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

describe("parseConfiguration()", () => {
  it("gives back any JSON object", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, (value) => {
        // Through JSON once, since it writes -0 as 0
        const text = JSON.stringify(value);
        expect(JSON.stringify(parse(text))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });

  it("keeps the last of duplicate keys, as Go does", () => {
    expect(parse('{"name":"a","name":"b"}')).toEqual({ name: "b" });
  });

  it("accepts a byte order mark and space around", () => {
    expect(parse('\uFEFF \n{"name":"a"}\n ')).toEqual({ name: "a" });
  });

  it("keeps a key called __proto__ as a plain key", () => {
    const value = parse('{"__proto__":{"name":"x"}}');
    expect(value).not.toHaveProperty("name");
    expect(JSON.stringify(value)).toBe('{"__proto__":{"name":"x"}}');
  });

  it.each([
    ["", "stdin is empty"],
    ["null", "it is null"],
    ["[]", "it is an array"],
    ["5", "it is 5"],
    ['"x"', 'it is "x"'],
    ["{", "it is not JSON"],
    ['{"a":1}{"b":2}', "it is not JSON"],
    ['{"a":1,}', "it is not JSON"],
    ["{'a':1}", "it is not JSON"],
  ])("refuses %j with code 6", (text, message) => {
    expect(() => parse(text)).toThrow(coded(6, message));
  });

  it("refuses bytes that are not UTF-8", () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    expect(() => parseConfiguration(bytes)).toThrow(coded(6, "not UTF-8"));
  });

  it("refuses more bytes than the limit, and not one fewer", () => {
    const bytes = Buffer.alloc(configurationByteLimit + 1, " ");
    bytes.write('{"name":"a"}');
    expect(() => parseConfiguration(bytes)).toThrow(coded(6, "larger than"));
    expect(parseConfiguration(bytes.subarray(0, -1))).toEqual({ name: "a" });
  });

  it("never fails with anything but a CniError 6", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(64), (input, cut) => {
        try {
          parseConfiguration(input.subarray(0, input.length - cut));
        } catch (error) {
          expect(error).toBeInstanceOf(CniError);
          expect((error as CniError).code).toBe(6);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("parses nesting as deep as the limit allows", () => {
    const depth = 200_000;
    const text = `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(parse(text)).toHaveProperty("a");
  });
});

describe("configurationVersion()", () => {
  it.each([
    [{}, "0.1.0"],
    [{ cniVersion: "" }, "0.1.0"],
    [{ cniVersion: null }, "0.1.0"],
    [{ cniVersion: "1.1.0" }, "1.1.0"],
    [{ cniVersion: "9.9.9" }, "9.9.9"],
  ])("of %j is %s", (configuration, version) => {
    expect(configurationVersion(configuration)).toBe(version);
  });

  it("refuses what is no string with code 7 and the pointer", () => {
    expect(() => configurationVersion({ cniVersion: 1 })).toThrow(
      coded(7, "/cniVersion is 1, want a string"),
    );
  });
});

describe("requireNetworkName()", () => {
  it.each(["k8s-pod-network", "a", "0.a_b-c"])("accepts %j", (name) => {
    expect(() => {
      requireNetworkName({ name });
    }).not.toThrow();
  });

  it.each([undefined, null, "", 5, [], "a/b", "-a", "a b", "a\n", "../x"])(
    "refuses %j with code 7",
    (name) => {
      expect(() => {
        requireNetworkName({ name });
      }).toThrow(coded(7, "/name is"));
    },
  );
});
