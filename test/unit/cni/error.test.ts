import { describe, expect, it } from "vitest";
import { CniError, ErrorCode } from "../../../cni/error.ts";

describe("CniError", () => {
  it("toJSON() is the specification's error object", () => {
    const error = new CniError(ErrorCode.invalidConfiguration, "Cannot x", {
      details: "/a is 1",
    });
    expect(JSON.parse(JSON.stringify(error.toJSON("0.4.0")))).toEqual({
      cniVersion: "0.4.0",
      code: 7,
      msg: "Cannot x",
      details: "/a is 1",
    });
  });

  it("toJSON() leaves out empty details", () => {
    const error = new CniError(ErrorCode.io, "Cannot x", { details: "" });
    expect(error.toJSON("1.1.0")).not.toHaveProperty("details");
  });

  it.each([
    ["plain", "word "],
    ["quoted", '"\\'],
    ["of many bytes", "\u{1F419}ä"],
  ])("fits a Kubernetes event, whatever its texts: %s", (_, filling) => {
    const long = filling.repeat(4000);
    for (const [head, details] of [
      ["Cannot x", `facts ${long}. Do this`],
      [`Cannot ${long} end`, `facts ${long}. Do this`],
      [`Cannot ${long} end`, ""],
    ] as const) {
      const error = new CniError(ErrorCode.io, head, { details });
      const printed = JSON.stringify(error.toJSON("1.1.0"));
      expect(Buffer.byteLength(printed)).toBeLessThanOrEqual(960);
      const object = JSON.parse(printed) as { msg: string; details?: string };
      expect(object.msg).toMatch(/^Cannot /u);
      expect(object.msg).not.toContain("\ufffd");
      if (details === "") continue;
      expect(Buffer.byteLength(printed)).toBeGreaterThan(940);
      expect(object.details).toMatch(/^facts .* … .*\. Do this$/su);
    }
  });

  it("leaves a text whole that fits", () => {
    const details = "x".repeat(800);
    const error = new CniError(ErrorCode.io, "Cannot x", { details });
    expect(error.toJSON("1.1.0").details).toBe(details);
  });

  it("keeps its cause", () => {
    const cause = new Error("deeper");
    expect(new CniError(5, "Cannot x", { details: "", cause }).cause).toBe(
      cause,
    );
    expect(new CniError(5, "Cannot x", { details: "" })).not.toHaveProperty(
      "cause",
    );
  });
});

describe("ErrorCode", () => {
  it("uses only codes that the specification lists, or 100 and above", () => {
    // The specification lists 2 and 3, too, which are said by nobody here.
    const listed = [1, 4, 5, 6, 7, 11, 50, 51];
    const codes = Object.values(ErrorCode);
    expect(codes.filter((code) => code < 100)).toEqual(listed);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
