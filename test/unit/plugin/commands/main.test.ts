import { describe, expect, it } from "vitest";
import { COMMANDS, runCommandLine } from "../../../../plugin/commands/main.ts";
import type { Terminal } from "../../../../plugin/commands/command.ts";

function terminal(): Terminal & { stdout: string[]; stderr: string[] } {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return {
    stdout,
    stderr,
    kernel: () => {
      throw new Error("no kernel in this test");
    },
    host: { nodeName: undefined, hostName: "none" },
    writeStdout: (text) => stdout.push(text),
    writeStderr: (text) => stderr.push(text),
  };
}

describe("runCommandLine()", () => {
  it.each([[[]], [["--help"]], [["-h"]], [["plan", "--help"]]])(
    "shows every command for %j",
    (args) => {
      const screen = terminal();
      expect(runCommandLine(args, screen)).toBe(0);
      for (const { name } of COMMANDS) {
        expect(screen.stdout.join("")).toContain(`\n  ${name} `);
      }
    },
  );

  it("says what to do about a word that is no command", () => {
    const screen = terminal();
    expect(runCommandLine(["pla"], screen)).toBe(2);
    expect(screen.stderr.join("")).toContain("`crosslink --help` lists them");
  });

  it.each<[string, string]>([
    ["aplly", '"aplly"; did you mean `crosslink apply`? `crosslink --help`'],
    ["Status", '"Status"; did you mean `crosslink status`?'],
    ["xyzzy", '"xyzzy"; `crosslink --help`'],
  ])("names the command that was probably meant by %s", (word, sentence) => {
    const screen = terminal();
    expect(runCommandLine([word], screen)).toBe(2);
    expect(screen.stderr.join("")).toContain(sentence);
  });

  it("says an error on stderr, with its details, and exits with 1", () => {
    const screen = terminal();
    expect(runCommandLine(["plan", "--bogus"], screen)).toBe(1);
    expect(screen.stderr.join("")).toMatch(
      /^crosslink: Cannot read the command line: .*--bogus/,
    );
    expect(screen.stdout).toEqual([]);
  });

  it.each(["plan", "apply", "status", "agent", "teardown"])(
    "tells a user to run %s as root, before it does anything",
    (command) => {
      const screen = { ...terminal(), user: 1000 };
      expect(runCommandLine([command], screen)).toBe(1);
      expect(screen.stderr.join("")).toBe(
        `crosslink: Cannot run ${command}: you are user 1000, not root\n  run as root: sudo crosslink ${command}\n`,
      );
    },
  );

  it("answers version in JSON", () => {
    const screen = terminal();
    expect(runCommandLine(["version", "--json"], screen)).toBe(0);
    expect(JSON.parse(screen.stdout.join(""))).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    });
  });
});
