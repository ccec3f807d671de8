import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readReservation,
  writeReservation,
} from "../../../../ipam/folder/reservation.ts";

describe("readReservation()", () => {
  it.each<[string, object]>([
    ["abc\r\neth0", { kind: "held", containerID: "abc", ifname: "eth0" }],
    [" abc\r\neth0\n", { kind: "held", containerID: "abc", ifname: "eth0" }],
    ["abc", { kind: "legacy", containerID: "abc" }],
    ["abc\r\n", { kind: "legacy", containerID: "abc" }],
    ["", { kind: "empty" }],
    [" \r\n", { kind: "empty" }],
    ["\u0000".repeat(70), { kind: "empty" }],
    ["abc\neth0", { kind: "foreign" }],
    ["abc\r\neth0\r\nmore", { kind: "foreign" }],
    ["two words", { kind: "foreign" }],
    ["abc\r\nan-interface-name-too-long", { kind: "foreign" }],
    ["\u0000\u0001\u0002", { kind: "foreign" }],
  ])("reads %j", (text, expected) => {
    expect(readReservation(text)).toEqual(expected);
  });

  it("reads what writeReservation() wrote", () => {
    const owner = fc.record({
      containerID: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,70}$/),
      ifname: fc.stringMatching(/^[a-z0-9.@_-]{1,15}$/),
    });
    fc.assert(
      fc.property(owner, (attachment) => {
        expect(readReservation(writeReservation(attachment))).toEqual({
          kind: "held",
          ...attachment,
        });
      }),
    );
  });

  it("takes any text without throwing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(["held", "legacy", "empty", "foreign"]).toContain(
          readReservation(text).kind,
        );
      }),
    );
  });
});
