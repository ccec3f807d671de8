import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { binary } from "../../support/binary.ts";

const FIXTURE = join(import.meta.dirname, "fixtures/kubernetes.ts");

it("an agent with --kubernetes fences what the API server says, and keeps the fence when a Cluster goes", () => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-agent-"));
  chmodSync(folder, 0o755);
  // State is in folders of its own: what the machine has is neither looked at nor written over.
  const script = `mount -t tmpfs tmpfs /run && mkdir -p /var/lib/crosslink && mount -t tmpfs tmpfs /var/lib/crosslink && exec "$@"`;
  const own = [
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
  const words = [
    "sh",
    "-c",
    script,
    "sh",
    process.execPath,
    FIXTURE,
    binary,
    folder,
  ];
  try {
    const said = execFileSync("unshare", [...own, ...words], {
      encoding: "utf8",
      timeout: 110_000,
    });
    const { code, own: file, fence, log, metrics } = JSON.parse(said);
    expect(code).toBe(0);
    expect(file).toMatchObject({ name: "a", managedBy: "kubernetes" });
    expect(fence).toContain("dst 10.3.0.0/24");
    expect(log).toContain("what is fenced stays so until `crosslink forget`");
    expect(metrics).toMatch(
      /^crosslink_kubernetes_answered_timestamp_seconds 1\d{9}/m,
    );
    expect(log).not.toContain(Buffer.alloc(32, "s").toString("base64"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
