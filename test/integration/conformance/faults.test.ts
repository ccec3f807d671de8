import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../conformance/check.ts";
import { parseOptions } from "../../conformance/options.ts";
import { loadSubject } from "../../conformance/subject.ts";
import { runSuite } from "../../conformance/suite.ts";
import { bundle } from "../../support/guest/bundle.ts";

const source = new URL("../../conformance/example/plugin.ts", import.meta.url)
  .pathname;
let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-faults-"));
  plugin = await bundle(source, folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the suite, or the checks whose name holds `only`, on the example with these faults. */
async function run(
  kind: readonly string[],
  faults: readonly string[] = [],
  only = "",
): Promise<Outcome[]> {
  const [file, conf, unready] = ["example", "conf.json", "unready.json"].map(
    (name) => join(folder, name),
  );
  const script = `export FAULTS=${faults.join(",")}; exec ${process.execPath} ${plugin}`;
  writeFileSync(file!, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const chained = kind.includes("--base") && { chained: true };
  const config = { type: "example", faults, ...chained };
  writeFileSync(conf!, JSON.stringify({ ...config, store: "{tmp}/store" }));
  writeFileSync(unready!, JSON.stringify({ ...config, store: "/dev/null/x" }));
  const named = ["--plugin", file!, "--conf", conf!, "--unready", unready!];
  return runSuite(loadSubject(parseOptions([...named, ...kind])), {
    only,
    jobs: 4,
  });
}

const ipam = ["--ipam"];

/** An IPAM plugin's result is good enough for a base chain's. */
function chain(): string[] {
  const base = join(folder, "base.conflist");
  const plugins = [{ type: "base", store: "{tmp}/base" }];
  writeFileSync(base, JSON.stringify({ plugins }));
  const script = `exec ${process.execPath} ${plugin}`;
  writeFileSync(join(folder, "base"), `#!/bin/sh\n${script}\n`, {
    mode: 0o755,
  });
  return ["--base", base, "--cni-path", folder];
}

describe("the conformance suite on a plugin without fault", () => {
  it("passes every check of an IPAM plugin", { timeout: 600_000 }, async () => {
    const outcomes = await run(ipam);
    const bad = outcomes.filter(({ status }) => status !== "passed");
    expect(bad.map(({ check, reason }) => [check.name, reason])).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(70);
  });
});

describe("the conformance suite notices", () => {
  it.each([
    ["version-waits", "version/does-not-wait-for-stdin"],
    ["version-ignores-input", "version/echoes-input-version"],
    ["needs-path", "environment/add-without-CNI_ARGS-and-CNI_PATH"],
    ["noise", "version/needs-only-the-command"],
    ["noise", "version/ignores-dummy-environment"],
    ["noise", "error/object-alone-on-stdout"],
    ["exit-0", "configuration/refuses-text"],
    ["exit-0", "environment/add-needs-CNI_IFNAME"],
    ["error-on-stderr", "error/object-alone-on-stdout"],
    ["code-8", "error/codes-below-100-are-listed"],
    ["code-8", "environment/add-needs-CNI_CONTAINERID"],
    ["refuses-args", "configuration/accepts-args"],
    ["interfaces", "result/ipam-is-abbreviated"],
    ["old-shape", "result/0.2.0"],
    ["old-shape", "result/0.4.0"],
    ["del-strict", "del/twice"],
    ["del-strict", "del/before-add"],
    ["del-needs-netns", "del/without-CNI_NETNS"],
    ["del-prints", "del/prints-nothing"],
    ["check-prints", "check/after-add"],
    ["check-nothing", "check/notices-released-address"],
    ["gc-null-frees", "gc/absent-list-keeps-all"],
    ["gc-null-frees", "gc/null-list-keeps-all"],
    ["gc-keeps", "gc/frees-addresses-that-are-not-listed"],
    ["gc-keeps", "gc/empty-list-frees-everything"],
    ["gc-frees-listed", "gc/partial-list-keeps-the-listed"],
    ["gc-frees-listed", "gc/all-valid-keeps-all"],
    ["gc-any-network", "gc/leaves-other-networks-alone"],
    ["gc-prints", "gc/without-any-attachment"],
    ["status-fails", "status/ready"],
    ["status-prints", "status/ready"],
    ["status-always-ready", "status/not-ready-says-50-or-51"],
    ["same-address", "parallel/no-address-twice"],
  ])("%s: %s fails", async (fault, name) => {
    const [outcome, ...others] = await run(ipam, [fault], name);
    expect(others).toEqual([]);
    expect(outcome).toMatchObject({ status: "failed" });
    expect(outcome?.reason).not.toContain("Cannot run the check");
  });

  it("a chained plugin that loses part of prevResult", async () => {
    const name = "add/hands-on-prevResult";
    const [good] = await run(chain(), [], name);
    expect(good).toMatchObject({ status: "passed" });
    const [bad] = await run(chain(), ["drops-routes"], name);
    expect(bad?.reason).toContain("routes lost");
  });

  it("an interface plugin that makes no interface", async () => {
    for (const name of ["add/creates", "add/configures", "result/names"]) {
      const [outcome] = await run([], [], name);
      expect(outcome).toMatchObject({ status: "failed" });
    }
  });
});
