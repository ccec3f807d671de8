import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPS } from "../../../support/agent/ops-files.ts";

const text = readFileSync(join(OPS, "crosslink.service"), "utf8");
const UNITS = "usr/lib/systemd/system";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "crosslink-unit-"));
  cpSync(join("/", UNITS), join(root, UNITS), { recursive: true });
  place("opt/cni/bin/crosslink.full", "#!/bin/sh\n", 0o755);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function place(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content, { mode });
}

/** What systemd-analyze says of a unit below `root`. */
function analyze(unit: string): { status: number | null; said: string } {
  place("etc/systemd/system/crosslink.service", unit);
  const words = [`--root=${root}`, "verify", "crosslink.service"];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", words, {
    encoding: "utf8",
  });
  const about = `${stdout}${stderr}`
    .split("\n")
    .filter((line) => line.includes("crosslink"));
  return { status, said: about.join("\n") };
}

describe("crosslink.service", () => {
  it("is what systemd understands, to the last word", () => {
    expect(analyze(text)).toEqual({ status: 0, said: "" });
  });

  it.each([
    ["ProtectSystem=strict", "ProtectSystem=strikt"],
    ["RestrictNamespaces=", "RestrictNamespace="],
    ["/opt/cni/bin/crosslink.full agent", "/opt/cni/crosslink agent"],
  ])("would not pass with %s as %s", (right, wrong) => {
    expect(text).toContain(right);
    expect(analyze(text.replace(right, wrong)).said).not.toBe("");
  });

  it("shuts off what the agent does not need", () => {
    const { stdout } = spawnSync(
      "systemd-analyze",
      ["security", "--offline=true", join(OPS, "crosslink.service")],
      { encoding: "utf8" },
    );
    const [, level] = /exposure level .*: ([\d.]+)/.exec(stdout) ?? [];
    // 9.6 is a unit that says nothing; 2.9 is left by the two privileges and the network itself.
    expect(Number(level)).toBeLessThanOrEqual(2.9);
    expect(Number(level)).toBeGreaterThan(0);
  });
});
