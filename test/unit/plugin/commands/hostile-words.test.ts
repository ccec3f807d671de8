import { describe, expect, it } from "vitest";
import { COMMANDS, runCommandLine } from "../../../../plugin/commands/main.ts";

/** A path that no system call takes, that no folder can be made for, and no terminal should be sent. */
const HOSTILE = `/dev/null/\u001b]0;title\u0007\u202e\n${"x".repeat(10_000)}`;

/** Runs a command line without a kernel; what it wrote to stderr besides its log, which is JSON. */
function stderrOf(args: readonly string[]): string {
  const written: string[] = [];
  const exitCode = runCommandLine(args, {
    kernel: () => {
      throw new Error("there is no kernel here");
    },
    host: { nodeName: undefined, hostName: "host" },
    writeStdout: () => undefined,
    writeStderr: (text) => {
      if (!text.startsWith("{")) written.push(text);
    },
  });
  expect(exitCode).toBeGreaterThan(0);
  return written.join("");
}

const commands = COMMANDS.filter(({ name }) => name !== "agent");

const lines = [
  [HOSTILE],
  ...commands.flatMap(({ name, takes, words }) => [
    [name, `--${HOSTILE}`],
    [name, HOSTILE, HOSTILE, HOSTILE],
    ...(words === undefined ? [] : [[name, HOSTILE]]),
    ...takes
      .filter((option) => option !== "json")
      .map((option) => [name, `--${option}`, HOSTILE]),
  ]),
  ["ipam", "show", HOSTILE],
  ["ipam", "free", HOSTILE, HOSTILE],
  ["routes", "--clusters", "/nowhere", HOSTILE],
];

describe("words of an argument that do not end, and that a terminal obeys", () => {
  it.each(
    lines.map((args) => ({
      line: args.map((word) => word.slice(0, 12)).join(" "),
      args,
    })),
  )("are bounded and escaped: $line", ({ args }) => {
    const stderr = stderrOf(args);
    expect(Buffer.byteLength(stderr)).toBeLessThanOrEqual(1024);
    expect(stderr.replaceAll("\n", "")).not.toMatch(
      /[\p{Cc}\p{Bidi_Control}]/u,
    );
    expect(stderr).toMatch(/^crosslink: [^\n]+\n(?: {2}[^\n]+\n)?$/u);
  });
});
