import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { binary } from "../../support/binary.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";
import { addPod, routedPod } from "../../support/routed-pod.ts";
import { until } from "../../support/until.ts";

let site: NodeSite;
let run: string;

beforeEach(() => {
  site = nodeSite();
  run = mkdtempSync(join(tmpdir(), "crosslink-run-"));
  mkdirSync(join(run, "crosslink"), { mode: 0o700 });
  site.writeCluster("a", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("b", far("10.1.0.0/16"));
});

afterEach(() => {
  site[Symbol.dispose]();
  rmSync(run, { recursive: true });
});

function far(cidr: string): object {
  return { podCIDRs: [cidr], nodes: [{ name: "n", ips: ["172.17.2.2"] }] };
}

/** In the node's network, with a /run/crosslink of the test's own. */
function inside(...words: readonly string[]): [string, string[]] {
  const mount = `mount --bind ${run}/crosslink /run/crosslink && exec "$@"`;
  return [
    "nsenter",
    [
      `--net=${site.node.path}`,
      "unshare",
      "-m",
      "sh",
      "-c",
      mount,
      "sh",
      ...words,
    ],
  ];
}

function apply(): [string, string[]] {
  const files = ["--clusters", site.clustersDir, "--node", "node1"];
  return inside(binary, "apply", ...files, "--keyring", "/none");
}

it("a process that read older files, and waited for the lock, takes nothing back", async () => {
  const lock = join(run, "crosslink", "lock");
  const holder = spawn("flock", [lock, "sleep", "60"], { detached: true });
  const locked = () => spawnSync("flock", ["-n", lock, "true"]).status !== 0;
  await until(locked);
  const [program, words] = apply();
  const waiting = spawn(program, words, { stdio: "ignore" });
  const ended = once(waiting, "exit");
  // It has looked at the files once it waits for the lock, which it opens then.
  await until(
    () =>
      spawnSync("fuser", [lock], { encoding: "utf8" })
        .stdout.trim()
        .split(/\s+/).length > 2,
  );
  site.writeCluster("c", far("10.3.0.0/16"));
  using pod = routedPod(site);
  // A pod comes by the newer files; there is no keyring, so all that it leaves is the fence.
  expect(addPod(site, pod).answer?.["msg"]).toMatch(/keyring/);
  process.kill(-(holder.pid ?? 0), "SIGKILL");
  await ended;
  for (const fence of [
    site.node.exec("ip", "xfrm", "policy"),
    site.node.exec("nft", "list", "table", "inet", "crosslink"),
  ])
    for (const cidr of ["10.1.0.0/16", "10.3.0.0/16"])
      expect(fence).toContain(cidr);
});
