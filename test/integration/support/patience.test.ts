import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mustRunIn } from "../../e2e/support/command.ts";
import { iptablesPath } from "../../support/iptables-path.ts";
import { type Namespace, namespace } from "../../support/namespace.ts";

/** Adds a rule by each of two programs while somebody has the lock, who lets go of it a second later. */
const whileLocked = (iptables: string): string => `
  flock /run/xtables.lock sleep 1 & sleep 0.3
  ${iptables} -t nat -A POSTROUTING -j RETURN
  wait
  flock /run/xtables.lock sleep 1 & sleep 0.3
  printf '*nat\\n-A POSTROUTING -j ACCEPT\\nCOMMIT\\n' | ${iptables}-restore --noflush
  wait`;

function expectBoth(node: Namespace): void {
  const rules = node.exec("iptables-legacy", "-t", "nat", "-S");
  expect(rules).toContain("-A POSTROUTING -j RETURN");
  expect(rules).toContain("-A POSTROUTING -j ACCEPT");
}

it("legacy iptables waits for the lock of all namespaces", () => {
  using node = namespace();
  node.shell(whileLocked("iptables-legacy"));
  expectBoth(node);
});

it("so it does where a scene calls it", async () => {
  using node = namespace();
  await mustRunIn(node, "sh", "-ec", whileLocked("iptables-legacy"));
  expectBoth(node);
});

it("so it does where a plugin calls it iptables", async () => {
  using node = namespace();
  using folder = new DisposableStack();
  const made = mkdtempSync(join(tmpdir(), "crosslink-patience-"));
  folder.defer(() => {
    rmSync(made, { recursive: true });
  });
  const path = `PATH=${iptablesPath(made, "iptables-legacy")}`;
  const inPath = ["sh", "-ec", whileLocked("iptables")];
  await mustRunIn(node, "env", path, ...inPath);
  expectBoth(node);
});
