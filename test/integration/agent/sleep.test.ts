import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { linkOffice } from "../../support/node-site.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;
let etc: string;

beforeEach(() => {
  site = agentSite();
  linkOffice(site);
  etc = mkdtempSync("/run/crosslink-test-sleep-");
  mkdirSync(join(etc, "net.d"));
  mkdirSync(join(etc, "crosslink"));
  const conflist = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [{ type: "ptp" }, { type: "crosslink" }],
  };
  writeFileSync(
    join(etc, "net.d", "10-pods.conflist"),
    JSON.stringify(conflist),
  );
  // As the DaemonSet has it: a link to a folder that changes by another link.
  const volume = join(etc, "crosslink", "clusters.d");
  mkdirSync(join(volume, "..v1"), { recursive: true });
  symlinkSync("..v1", join(volume, "..data"));
  for (const name of readdirSync(site.clustersDir)) {
    copyFileSync(join(site.clustersDir, name), join(volume, "..v1", name));
    symlinkSync(`..data/${name}`, join(volume, name));
  }
});
afterEach(() => {
  site[Symbol.dispose]();
  rmSync(etc, { recursive: true });
});

/** How often the main thread of a process went to sleep: as often as it was woken. */
function sleeps(pid: number | undefined): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

/** Writes to files that concern nobody, as logs, pid files and locks are written. */
function disturb(): void {
  const places = [
    "/run",
    etc,
    join(etc, "net.d"),
    join(etc, "crosslink"),
    site.folder,
  ];
  for (const folder of places) {
    const busy = join(folder, "crosslink-test-busy");
    appendFileSync(busy, "x");
    writeFileSync(busy, "y");
  }
  for (const folder of ["/run", join(etc, "crosslink")]) {
    const fresh = join(folder, "crosslink-test-fresh");
    writeFileSync(`${fresh}.new`, "z");
    renameSync(`${fresh}.new`, fresh);
    rmSync(fresh);
  }
}

describe("an agent with nothing to do", () => {
  it("sleeps while others write in the folders around its files, and hears what concerns it", async () => {
    const volume = join(etc, "crosslink", "clusters.d");
    await using agent = await site.startAgent({
      options: [
        ...["--clusters", volume],
        ...["--conflist", join(etc, "net.d", "10-pods.conflist")],
      ],
    });
    const { pid } = agent.process;
    try {
      let woken = Infinity;
      // Between two looks at the node, which are 30 s apart: what its start has stirred up comes first.
      await until(
        async () => {
          disturb();
          await sleep(2000);
          const before = sleeps(pid);
          for (let count = 0; count < 50; count += 1) {
            disturb();
            await sleep(100);
          }
          woken = sleeps(pid) - before;
          return woken === 0;
        },
        { limitSeconds: 90, describe: () => `woken ${String(woken)} times` },
      );
    } finally {
      rmSync("/run/crosslink-test-busy", { force: true });
    }
    mkdirSync(join(volume, "..v2"));
    writeFileSync(join(volume, "..v2", "broken.json"), "{");
    for (const name of readdirSync(join(volume, "..v1")))
      copyFileSync(join(volume, "..v1", name), join(volume, "..v2", name));
    symlinkSync("..data/broken.json", join(volume, "broken.json"));
    symlinkSync("..v2", join(volume, "..new"));
    renameSync(join(volume, "..new"), join(volume, "..data"));
    await until(() => agent.log().includes("broken.json"));
  });
});
