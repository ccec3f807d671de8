import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binary } from "../../../support/binary.ts";
import { requireBinary } from "../../../support/faults/call.ts";

const NOBODY = "65534";
let folder: string;

beforeAll(() => {
  requireBinary();
  folder = mkdtempSync("/var/tmp/crosslink-user-");
  chmodSync(folder, 0o755);
  copyFileSync(binary, join(folder, "crosslink"));
  execFileSync("ln", ["-s", "crosslink", join(folder, "crosslink-ipam")]);
  mkdirSync(join(folder, "closed"), { mode: 0o700 });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function asNobody(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  input = "",
): { status: number | null; stdout: string; stderr: string } {
  const become = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
  const [program = "", ...rest] = words;
  return spawnSync("setpriv", [...become, join(folder, program), ...rest], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...environment },
    input,
    encoding: "utf8",
  });
}

describe("a user who is not root", () => {
  it.each([
    ["plan"],
    ["apply"],
    ["status", "--json"],
    ["teardown"],
    ["agent"],
    ["install", "--root", "CLOSED"],
    ["uninstall", "--root", "CLOSED"],
    ["keygen", "--keyring", "CLOSED/keyring.json"],
    ["routes", "--clusters", "CLOSED/clusters.d"],
    ["ipam", "list", "--data-dir", "CLOSED/networks"],
  ])("is told to run %s as root", (...words) => {
    const closed = join(folder, "closed");
    const ended = asNobody([
      "crosslink",
      ...words.map((word) => word.replace("CLOSED", closed)),
    ]);
    expect(ended).toMatchObject({ status: 1, stdout: "" });
    expect(ended.stderr).toMatch(
      /^crosslink: Cannot .*\n {2}run as root: sudo crosslink /,
    );
    expect(ended.stderr).not.toMatch(/EPERM|EACCES/);
  });

  it("is told so by a CNI call, too", () => {
    const call = {
      CNI_CONTAINERID: "x",
      CNI_NETNS: "/proc/self/ns/net",
      CNI_IFNAME: "eth0",
      CNI_PATH: folder,
    };
    const config = { cniVersion: "1.1.0", name: "n", type: "crosslink" };
    const status = asNobody(
      ["crosslink"],
      { ...call, CNI_COMMAND: "STATUS" },
      JSON.stringify(config),
    );
    expect(JSON.parse(status.stdout)).toMatchObject({
      code: 105,
      details: expect.stringMatching(/^run as root: .* user 65534/) as string,
    });
    const dataDir = join(folder, "closed/networks");
    const ipam = { type: "crosslink-ipam", subnet: "10.9.0.0/24", dataDir };
    const add = asNobody(
      ["crosslink-ipam"],
      { ...call, CNI_COMMAND: "ADD" },
      JSON.stringify({ ...config, type: "ptp", ipam }),
    );
    expect(JSON.parse(add.stdout)).toMatchObject({
      code: 105,
      details: expect.stringMatching(/^run as root: /) as string,
    });
  });
});
