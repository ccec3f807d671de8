import { describe, expect, it } from "vitest";
import { ledgerOf } from "../../../../ipam/ledger/file.ts";
import {
  ledgerLine,
  lineOf,
  linesOf,
  strike,
  unreadLine,
  unreadLinesFor,
} from "../../../../ipam/ledger/lines.ts";

const owner = { containerID: "abc", ifname: "eth0" };

const ledger = () =>
  ledgerOf([
    ledgerLine("10.1.2.2", { kind: "held", ...owner }),
    ledgerLine("10.1.2.22", {
      kind: "held",
      containerID: "xabc",
      ifname: "eth0",
    }),
    ledgerLine("10.1.2.3", {
      kind: "held",
      containerID: "abc",
      ifname: "eth01",
    }),
    ledgerLine("10.1.2.4", { kind: "legacy", containerID: "abc" }),
    ledgerLine("10.1.2.5", { kind: "empty" }),
    ledgerLine("fd00::2", { kind: "held", ...owner }),
    unreadLine("10.1.2.6", 3),
    unreadLine("10.1.2.7", 9),
    unreadLine("10.1.2.8", 11),
    unreadLine("10.1.2.9", 12),
  ]);

const addresses = (
  lines: readonly { readonly address: string }[],
): readonly string[] => lines.map(({ address }) => address);

describe("linesOf()", () => {
  it("finds what an attachment holds, with and without an interface", () => {
    expect(addresses(linesOf(ledger(), owner))).toEqual([
      "10.1.2.2",
      "fd00::2",
      "10.1.2.4",
    ]);
    expect(linesOf(ledger(), { containerID: "ab", ifname: "eth0" })).toEqual(
      [],
    );
  });

  it("passes over what was struck out", () => {
    const bytes = ledger();
    strike(bytes, [lineOf(bytes, "10.1.2.2")!]);
    expect(addresses(linesOf(bytes, owner))).toEqual(["fd00::2", "10.1.2.4"]);
    expect(lineOf(bytes, "10.1.2.2")).toBeUndefined();
    expect(lineOf(bytes, "10.1.2.22")?.address).toBe("10.1.2.22");
  });
});

describe("unreadLinesFor()", () => {
  it("finds files of a fitting length", () => {
    expect(addresses(unreadLinesFor(ledger(), owner))).toEqual([
      "10.1.2.7",
      "10.1.2.8",
      "10.1.2.6",
    ]);
  });
});
