import {
  chmodSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isVerified, leaveWord } from "../../../../plugin/kernel/verified.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-verified-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("isVerified()", () => {
  it("is true for just the state that word was left of", () => {
    expect(isVerified("verified", "generation 7", folder)).toBe(false);
    leaveWord("verified", "generation 7", folder);
    expect(isVerified("verified", "generation 7", folder)).toBe(true);
    expect(isVerified("verified", "generation 8", folder)).toBe(false);
    leaveWord("verified", "generation 8", folder);
    expect(isVerified("verified", "generation 7", folder)).toBe(false);
  });

  it("does not trust a file that others may write to", () => {
    leaveWord("verified", "generation 7", folder);
    chmodSync(join(folder, "verified"), 0o666);
    expect(isVerified("verified", "generation 7", folder)).toBe(false);
  });

  it("does not follow a link", () => {
    writeFileSync(join(folder, "elsewhere"), "generation 7", { mode: 0o600 });
    symlinkSync("elsewhere", join(folder, "verified"));
    expect(isVerified("verified", "generation 7", folder)).toBe(false);
  });
});

describe("leaveWord()", () => {
  it("does not fail where nothing can be written", () => {
    leaveWord("verified", "generation 7", join(folder, "no", "\0"));
    expect(isVerified("verified", "generation 7", join(folder, "no"))).toBe(
      false,
    );
  });
});
