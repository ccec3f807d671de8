import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Delegation,
  delegate,
  findPlugin,
} from "../../../cni/delegate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-delegate-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function plugin(name: string, script: string, mode = 0o755): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, mode);
  return file;
}

function call(type: string, more: Partial<Delegation> = {}): unknown {
  return delegate({
    type,
    command: "ADD",
    environment: { CNI_COMMAND: "CHECK", CNI_IFNAME: "eth0", CNI_PATH: folder },
    config: { cniVersion: "1.0.0", name: "net" },
    ...more,
  });
}

const coded = (code: number, message: string): Error =>
  expect.objectContaining({
    code,
    message: expect.stringContaining(message) as string,
  }) as Error;

describe("findPlugin()", () => {
  it("takes the first executable file of that name", () => {
    mkdirSync(join(folder, "a/x"), { recursive: true });
    plugin("plain", "", 0o644);
    const file = plugin("x", "");
    const path = `:/nowhere:${folder}/a:${folder}:`;
    expect(findPlugin("x", path)).toBe(file);
    expect(() => findPlugin("plain", path)).toThrow(coded(104, '"plain"'));
  });

  it.each(["", "../x", "/bin/sh", "a/b"])("refuses the name %j", (type) => {
    expect(() => findPlugin(type, "/bin:/")).toThrow(coded(104, "file name"));
  });

  it("says where it looked", () => {
    expect(() => findPlugin("missing", "/a:/b")).toThrow(
      expect.objectContaining({ details: "CNI_PATH: /a:/b" }) as Error,
    );
  });
});

describe("delegate()", () => {
  it("hands over stdin and environment, with its own command", () => {
    plugin(
      "echo",
      `printf '{"command":"%s","ifname":"%s","config":%s}' "$CNI_COMMAND" "$CNI_IFNAME" "$(cat)"`,
    );
    expect(call("echo")).toEqual({
      command: "ADD",
      ifname: "eth0",
      config: { cniVersion: "1.0.0", name: "net" },
    });
  });

  it.each(["DEL", "CHECK", "GC", "STATUS"] as const)(
    "returns nothing for %s, whatever is printed",
    (command) => {
      plugin("chatty", "echo hello");
      expect(call("chatty", { command })).toBeUndefined();
    },
  );

  it("works when the plugin doesn't read a long stdin", () => {
    plugin("deaf", `echo '{}'`);
    const config = { name: "x".repeat(1_000_000) };
    expect(call("deaf", { config })).toEqual({});
    plugin("deaf", `echo '{"code":4,"msg":"no"}'; exit 1`);
    expect(() => call("deaf", { config })).toThrow(coded(4, "no"));
  });

  it("passes on the plugin's error object", () => {
    plugin("full", `echo '{"code":11,"msg":"busy","details":"d"}'; exit 1`);
    expect(() => call("full")).toThrow(
      expect.objectContaining({
        code: 11,
        message: "busy",
        details: "d",
      }) as Error,
    );
  });

  it.each([
    ["exit 3", "exit code 3"],
    ["echo oops; exit 1", "exit code 1"],
    [`echo '{"code":"x","msg":1}'; exit 1`, "exit code 1"],
    ["echo no json", "one JSON object"],
    ["echo '[]'", "one JSON object"],
    ["true", "one JSON object"],
    ["kill -9 $$", "SIGKILL"],
  ])("calls %j a failure of the plugin", (script, message) => {
    plugin("odd", script);
    expect(() => call("odd")).toThrow(coded(104, message));
  });

  it("quotes what the plugin said", () => {
    plugin("loud", "echo out; echo err >&2; exit 1");
    expect(() => call("loud")).toThrow(
      expect.objectContaining({
        details: String.raw`stdout: "out\n"; stderr: "err\n"`,
      }) as Error,
    );
  });

  it("hands on what the plugin logs, whether it fails or not", () => {
    plugin("log", `echo note >&2; echo '{}'`);
    plugin("fail", "echo why >&2; exit 1");
    let log = "";
    const writeStderr = (text: string): void => {
      log += text;
    };
    call("log", { writeStderr });
    expect(() => call("fail", { writeStderr })).toThrow();
    expect(log).toBe("note\nwhy\n");
  });

  it("kills a plugin that takes too long: try again later", () => {
    plugin("slow", "exec sleep 60");
    expect(() => call("slow", { timeoutMilliseconds: 100 })).toThrow(
      coded(11, "too long"),
    );
  });

  it("reports a file that cannot run", () => {
    writeFileSync(join(folder, "bad"), `#!${folder}/none\n`, { mode: 0o755 });
    expect(() => call("bad")).toThrow(coded(104, "Cannot run plugin"));
  });
});
