import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLogLine } from "../../../../../plugin/ike/charon/log-line.ts";

describe("readLogLine()", () => {
  it("finds the connection, and says what can be done", () => {
    expect(
      readLogLine(
        "06[IKE] <crosslink-434c1234|1> received AUTHENTICATION_FAILED notify error",
      ),
    ).toEqual({
      connection: "crosslink-434c1234",
      text: "received AUTHENTICATION_FAILED notify error",
      trouble: expect.stringContaining("the same keyring") as string,
    });
    expect(
      readLogLine(
        "09[IKE] <crosslink-434c1234|1> tried 1 shared key for 'one.a' - 'two.b', but MAC mismatched",
      ).trouble,
    ).toContain("the same keyring");
    expect(
      readLogLine(
        "05[IKE] <crosslink-434c1234|3> giving up after 6 retransmits",
      ).trouble,
    ).toContain("UDP ports 500 and 4500");
  });

  it("takes a line about nothing in particular as it is", () => {
    expect(readLogLine("00[JOB] spawning 16 worker threads")).toEqual({
      connection: undefined,
      text: "spawning 16 worker threads",
      trouble: undefined,
    });
    expect(readLogLine("12[IKE] <7> no IKE config found")).toMatchObject({
      connection: undefined,
    });
    expect(readLogLine("Segmentation fault")).toMatchObject({
      text: "Segmentation fault",
    });
  });

  it("never repeats what is as long as a secret", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 64 }),
        fc.constantFrom("base64", "hex"),
        fc.string(),
        (bytes, encoding, before) => {
          const secret = Buffer.from(bytes).toString(encoding);
          const { text } = readLogLine(`05[CFG] ${before} '${secret}'`);
          expect(text).not.toContain(secret);
        },
      ),
    );
  });

  it("reads whatever comes", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        expect(typeof readLogLine(line).text).toBe("string");
      }),
    );
  });
});
