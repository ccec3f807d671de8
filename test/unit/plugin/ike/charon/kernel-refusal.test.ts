import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  kernelTrouble,
  readRefusal,
} from "../../../../../plugin/ike/charon/kernel-refusal.ts";

function troubleOf(line: string): string {
  return kernelTrouble(readRefusal(line));
}

describe("kernelTrouble()", () => {
  it.each([
    // strongSwan 6 hands on what the kernel says.
    "Requested AEAD algorithm not found (38)",
    // 5.9 has the errno's words.
    "Function not implemented (38)",
  ])("names what the kernel lacks: %s", (said) => {
    expect(troubleOf(`received netlink error: ${said}`)).toMatch(
      /^this node's kernel refuses the SA: it has no AEAD algorithm rfc4106\(gcm\(aes\)\)\. Load it with "modprobe -a gcm/u,
    );
  });

  it.each([
    ["Requested type not found (93)", "it has no ESP"],
    ["Protocol not supported (93)", "it has no ESP"],
    [
      "Kernel was unable to initialize cryptographic operations (2)",
      "it has no IV generator",
    ],
    ["File exists (17)", "(EEXIST, File exists): one with its SPI is there"],
    ["Operation not permitted (1)", "CAP_NET_ADMIN"],
  ])("says what is to be done: %s", (said, words) => {
    expect(troubleOf(`received netlink error: ${said}`)).toContain(words);
  });

  it.each([
    "Invalid argument (22)",
    "No such process (3)",
    "Requested mode not found (93)",
    "No buffer space available (105)",
    "Unknown error 999 (999)",
  ])("does not guess: %s", (said) => {
    const trouble = troubleOf(`received netlink error: ${said}`);
    expect(trouble).toContain(said.replace(/ \(\d+\)$/u, ""));
    expect(trouble).not.toMatch(/gcm|ESP|modprobe/u);
  });

  it("says so where nothing is known", () => {
    expect(readRefusal("received netlink error: Success (0)")).toBeUndefined();
    expect(kernelTrouble(undefined)).not.toMatch(/gcm|ESP/u);
  });

  it("reads whatever comes", () => {
    const numbers = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 531, 9999));
    fc.assert(
      fc.property(fc.string(), numbers, (words, errno) => {
        const text = `received netlink error: ${words} (${String(errno)})`;
        expect(typeof troubleOf(text)).toBe("string");
      }),
    );
  });
});
