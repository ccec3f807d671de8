import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Invitation,
  invitationText,
  readInvitation,
} from "../../../../../plugin/kubernetes/join/invitation.ts";

const invitation: Invitation = {
  from: "a",
  to: "b",
  server: "https://a.example:6443",
  ca: "-----BEGIN CERTIFICATE-----",
  token: "t0k3n.t0k3n",
  expires: "2026-11-29T01:00:00Z",
  keyring: '{"active":1,"keys":[{"id":1,"secret":"s3cr3t"}]}',
  networks: ["10.1.0.0/16"],
};
const before = Date.parse("2026-11-29T00:30:00Z");
const text = invitationText(invitation);

describe("an invitation", () => {
  it("is read as it was written", () => {
    expect(readInvitation(text, before)).toEqual(invitation);
  });

  it("ends with its hour", () => {
    const after = Date.parse("2026-11-29T01:00:01Z");
    expect(() => readInvitation(text, after)).toThrow("it has expired at");
  });

  it("is refused with any word changed, or cut anywhere, and repeats no secret", () => {
    const spot = fc.nat(text.length - 2);
    const sentence = (changed: string) => {
      try {
        readInvitation(changed, before);
        return "read";
      } catch (error) {
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(spot, fc.constantFrom("cut", "x", "9", " "), (at, how) => {
        const changed =
          how === "cut"
            ? text.slice(0, at)
            : text.slice(0, at) + how + text.slice(at + 1);
        const said = sentence(changed);
        // White space between words says nothing.
        if (said === "read")
          expect(JSON.parse(changed)).toEqual(JSON.parse(text));
        expect(said).not.toMatch(/s3cr3t|t0k3n/);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(["null", "[]", '{"kind": "crosslink invitation 1"}', "{"])(
    "is not %s",
    (other) => {
      expect(() => readInvitation(other, before)).toThrow(
        /it is no invitation|it was changed or cut/,
      );
    },
  );
});
