import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { examples, runConformance } from "../../support/conformance.ts";
import { servedPlugin } from "../../support/agent/served-plugin.ts";

const agentOptions = `--node conformance --clusters ${examples}crosslink.d`;
const node = readFileSync(`${examples}crosslink-setup.sh`, "utf8");

/** Of a pod alone: what others do to the node, the agent may have mended before CHECK comes. */
const damages = {
  "proxy-arp":
    "for f in /proc/sys/net/ipv4/conf/veth*/proxy_arp; do echo 0 > $f; done",
  "pod-route":
    'for r in $(ip -4 route show | sed -n "s/ dev veth.*//p"); do ip route del $r; done',
};

describe("the conformance suite, with an agent that serves", () => {
  it("finds no failure in crosslink", { timeout: 900_000 }, async () => {
    using served = servedPlugin("crosslink", agentOptions);
    const run = await runConformance([
      ...["--plugin", served.file, "--conf", "crosslink.json"],
      ...["--base", "ptp.conflist", "--setup", `${node}${served.start}`],
      ...Object.entries(damages).flatMap(([name, script]) => [
        "--damage",
        `${name}=${script}`,
      ]),
    ]);
    expect(run.failed, run.stdout).toEqual([]);
    expect(run.exit).toBe(0);
    expect(run.stdout).toMatch(/\b[78]\d passed, 0 MUST failed/);
    expect(served.unserved()).toEqual(["VERSION"]);
  });

  it("finds none in crosslink-ipam", { timeout: 900_000 }, async () => {
    using served = servedPlugin("crosslink-ipam", agentOptions);
    const run = await runConformance([
      ...["--plugin", served.file, "--ipam", "--conf", "crosslink-ipam.json"],
      ...["--setup", `${node}${served.start}`],
      ...["--unready", "crosslink-ipam-unready.json"],
    ]);
    expect(run.failed, run.stdout).toEqual([]);
    expect(run.exit).toBe(0);
    expect(run.stdout).toMatch(/\b[78]\d passed, 0 MUST failed/);
    expect(served.unserved()).toEqual(["VERSION"]);
  });
});
