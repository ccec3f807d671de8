import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeCall,
  encodeAnswer,
  nameFiles,
} from "../../../../../plugin/agent/call/frame.ts";

/** What plugin/launcher/launcher.c writes. */
function encodeCall(words: readonly string[]): Buffer {
  const body = Buffer.from(words.map((word) => `${word}\0`).join(""));
  const head = Buffer.from("CLK1\0\0\0\0");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

describe("decodeCall()", () => {
  it("reads the program's name and the variables", () => {
    const words = [
      "/opt/cni/bin/crosslink",
      "CNI_COMMAND=ADD",
      "CNI_ARGS=a=b;c",
    ];
    expect(decodeCall(encodeCall(words))).toEqual({
      program: "/opt/cni/bin/crosslink",
      environment: { CNI_COMMAND: "ADD", CNI_ARGS: "a=b;c" },
    });
  });

  it.each([
    ["nothing", Buffer.alloc(0), "begin"],
    ["another protocol", Buffer.from("CLK2\0\0\0\0"), "begin"],
    ["no name", Buffer.from("CLK1\0\0\0\0"), "length"],
    [
      "a cut message",
      encodeCall(["crosslink", "A=b"]).subarray(0, -1),
      "length",
    ],
    [
      "more than announced",
      Buffer.concat([encodeCall(["a"]), Buffer.from("x\0")]),
      "length",
    ],
    [
      "no zero at the end",
      Buffer.concat([Buffer.from("CLK1\x01\0\0\0"), Buffer.from("x")]),
      "length",
    ],
    ["a variable without a name", encodeCall(["crosslink", "=b"]), "name"],
    ["a variable without a value", encodeCall(["crosslink", "b"]), "name"],
  ])("refuses %s", (_, bytes, fact) => {
    expect(() => decodeCall(bytes)).toThrow(RangeError);
    expect(() => decodeCall(bytes)).toThrow(fact);
  });

  it("gives a call or a RangeError for any bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (bytes, framed) => {
          const body = Buffer.from(bytes);
          const message = framed ? encodeCall([body.toString("latin1")]) : body;
          try {
            expect(typeof decodeCall(message).program).toBe("string");
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
    );
  });
});

describe("nameFiles()", () => {
  it("tells the files apart by their order", () => {
    expect(nameFiles([7, 8, 9])).toEqual({ stdin: 7, network: 8, netns: 9 });
    expect(nameFiles([7, 8])).toEqual({ stdin: 7, network: 8 });
    expect(() => nameFiles([7])).toThrow(RangeError);
  });
});

describe("encodeAnswer()", () => {
  it("puts a short answer into one message", () => {
    const answer = { exitCode: 1, stdout: "ä", stderr: "e" };
    expect(encodeAnswer(answer)).toEqual([
      Buffer.from("CLK1\x01\0\0\0\x02\0\0\0\x01\0\0\0\xc3\xa4e", "latin1"),
    ]);
  });

  it("cuts a long one into messages that the launcher can read", () => {
    const answer = {
      exitCode: 0,
      stdout: "o".repeat(40_000),
      stderr: "e".repeat(40_000),
    };
    const parts = encodeAnswer(answer);
    expect(parts.map(({ length }) => length)).toEqual([32_768, 32_768, 14_480]);
    expect(Buffer.concat(parts).subarray(16).toString()).toBe(
      answer.stdout + answer.stderr,
    );
  });
});
