import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { buildLauncher } from "../../../.build/launcher.ts";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { fakeAgent } from "../../support/agent/fake.ts";
import { statField, statusNumber } from "../../support/proc-stat.ts";
import { until } from "../../support/until.ts";
import { nodeFiles } from "../../support/node-files.ts";

it("the launcher holds less than 1 MB, whatever its stdin, while it waits for an agent", async () => {
  using site = agentSite();
  using agent = fakeAgent(site.socket, () => undefined);
  for (const bytes of [100, 100_000]) {
    const child = spawn(buildLauncher(), {
      env: {
        CROSSLINK_AGENT: site.socket,
        CNI_COMMAND: "ADD",
        CNI_CONTAINERID: "c1",
        CNI_NETNS: site.node.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: site.alone,
      },
      stdio: ["pipe", "ignore", "inherit"],
    });
    try {
      const waiting = agent.calls.length + 1;
      child.stdin.end("x".repeat(bytes));
      await until(() => agent.calls.length === waiting);
      expect(statusNumber(child.pid, "VmHWM")).toBeLessThan(1024);
    } finally {
      child.kill("SIGKILL");
    }
  }
});

it("an agent with nothing to do comes to take no processor time, and less than 60 MB", async () => {
  using site = agentSite();
  await using agent = await site.startAgent({ options: quietFiles(site) });
  const { pid } = agent.process;
  let taken = Infinity;
  // Whatever its start has stirred up comes back as a notification, and is looked at once more; then it gives memory back.
  await until(
    async () => {
      const before = processorTicks(pid);
      await sleep(3000);
      taken = processorTicks(pid) - before;
      return taken <= 1 && statusNumber(pid, "VmRSS") < 60 * 1024;
    },
    {
      limitSeconds: 40,
      describe: () =>
        `${taken} ticks in 3 s, ${statusNumber(pid, "VmRSS")} kB resident`,
    },
  );
});

/** In a folder of a folder, since the agent watches what surrounds them too, and other tests are busy in /tmp. */
function quietFiles({ folder }: AgentSite): string[] {
  const { clustersDir, keyring } = nodeFiles(join(folder, "quiet"));
  return ["--clusters", clustersDir, "--keyring", keyring];
}

/** User and system time in ticks of 10 ms: fields 14 and 15 of /proc/PID/stat, proc(5). */
function processorTicks(pid: number | undefined): number {
  const stat = `/proc/${pid}/stat`;
  return statField(stat, 14) + statField(stat, 15);
}
