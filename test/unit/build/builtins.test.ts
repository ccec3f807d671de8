import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../../.build/bundle.ts";
import { root } from "../../../.build/paths.ts";

const folder = mkdtempSync(join(tmpdir(), "crosslink-builtins-"));
const script = join(folder, "crosslink.cjs");

beforeAll(async () => {
  const text = await bundle(`${root}/plugin/start.ts`);
  writeFileSync(
    script,
    `${text}\nrequire("node:fs").writeSync(2, process.moduleLoadList.join("\\n"));`,
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What takes milliseconds to load, times every call that a pod waits for. */
const SLOW =
  /^NativeModule (net|tls|https?2?|crypto|stream|readline|child_process)$/;

test("a call loads none of Node's modules that only an agent or a command needs", () => {
  const { stdout, stderr } = spawnSync(process.execPath, [script], {
    env: { CNI_COMMAND: "VERSION" },
    input: JSON.stringify({ cniVersion: "1.0.0" }),
    encoding: "utf8",
  });
  expect(JSON.parse(stdout)).toHaveProperty("supportedVersions");
  const loaded = stderr.split("\n");
  expect(loaded).toContain("NativeModule fs");
  expect(loaded.filter((line) => SLOW.test(line))).toEqual([]);
});
