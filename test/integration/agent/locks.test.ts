import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "../../../ipam/folder/lock.ts";
import { lockFile } from "../../../native/lock.ts";
import { lockHolder } from "../../../native/lock-holder.ts";
import { withNodeLock } from "../../../plugin/kernel/lock.ts";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { binding } from "../../support/binding.ts";
import { linkOffice } from "../../support/node-site.ts";
import { until } from "../../support/until.ts";

let folder: string;
let holder: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-locks-"));
});
afterEach(async () => {
  await release();
  rmSync(folder, { recursive: true });
});

/** Another program that takes a lock and never gives it back. */
async function hold(file: string): Promise<ChildProcess> {
  holder = spawn("flock", ["--no-fork", file, "sleep", "1000"], {
    stdio: "ignore",
  });
  await until(() => {
    const fd = openSync(file, "a+");
    try {
      return lockHolder(fd) === holder?.pid;
    } finally {
      closeSync(fd);
    }
  });
  return holder;
}

async function release(): Promise<void> {
  if (holder === undefined) return;
  const ended = once(holder, "exit");
  holder.kill("SIGKILL");
  await ended;
  holder = undefined;
}

describe("a lock that somebody else holds", () => {
  it("is given up after a while, with the holder's name", async () => {
    const { pid } = await hold(join(folder, "lock"));
    const named = expect.objectContaining({
      code: 11,
      message: expect.stringMatching(
        new RegExp(`pid ${String(pid)} \\((sleep|flock)\\) holds it`),
      ) as string,
    }) as Error;
    let givenUp = 0;
    const patience = { milliseconds: 20, givenUp: () => (givenUp += 1) };
    const place = {
      directory: folder,
      binding: () => binding,
      patience: () => patience,
    };
    expect(() => withLock(place, () => 1)).toThrow(named);
    expect(() =>
      withNodeLock({ binding, patience }, () => 1, { folder }),
    ).toThrow(named);
    expect(givenUp).toBe(2);
    await release();
    expect(withLock(place, () => 1)).toBe(1);
    expect(withNodeLock({ binding, patience }, () => 2, { folder })).toBe(2);
  });

  it("names nobody where nobody holds it", () => {
    const fd = openSync(join(folder, "lock"), "a+");
    expect(lockHolder(fd)).toBeUndefined();
    lockFile(binding, fd, { wait: false });
    expect(lockHolder(fd)).toBe(process.pid);
    closeSync(fd);
  });
});

describe("an agent, where a program hangs that holds an IPAM store's lock", () => {
  let site: AgentSite;
  beforeEach(() => {
    site = agentSite();
    linkOffice(site);
  });
  afterEach(() => {
    site[Symbol.dispose]();
  });

  it("leaves that call to the full binary, serves others, and ends when it is told to", async () => {
    mkdirSync(join(folder, "pods"));
    await hold(join(folder, "pods", "lock"));
    await using agent = await site.startAgent();
    const ipam = {
      type: "crosslink-ipam",
      dataDir: folder,
      subnet: "10.1.0.0/24",
    };
    const call = { program: "crosslink-ipam", config: { ipam } } as const;
    const held = site.launch(site.whole, "ADD", {
      ...call,
      containerId: "a",
      environment: { CNI_NETNS: site.node.path },
    });
    await until(() => agent.log().includes("another program holds a lock"));
    const served = await site.launch(site.alone, "DEL", { containerId: "b" });
    expect(served).toMatchObject({ status: 0 });
    agent.process.kill("SIGTERM");
    expect(await agent.ended).toBe(0);
    await release();
    expect(await held).toMatchObject({ status: 0 });
  });
});

describe("an agent whose legacy iptables programs hang", () => {
  let site: AgentSite;
  beforeEach(() => {
    site = agentSite();
    linkOffice(site);
    site.node.shell(
      "iptables-legacy -w -t nat -A POSTROUTING -s 10.1.0.0/16 -j MASQUERADE",
    );
  });
  afterEach(() => {
    site[Symbol.dispose]();
  });

  it.each(["save", "restore"])(
    "ends a %s that does not end, serves, and ends when it is told to",
    async (hangs) => {
      const legacy = realpathSync("/usr/sbin/iptables-legacy-restore");
      copyFileSync(legacy, join(folder, "legacy"));
      writeFileSync(
        join(folder, "hangs"),
        `#!/bin/bash\ncase $0 in *-${hangs}) sleep 1000;; esac\nexec -a "$0" ${folder}/legacy "$@"\n`,
        { mode: 0o755 },
      );
      await using agent = await site.startAgent({
        within: [
          ...["unshare", "--mount", "sh", "-c"],
          `mount --bind ${folder}/hangs ${legacy} && exec "$@"`,
          "sh",
        ],
      });
      await until(() => agent.log().includes(`-${hangs}\\" did not end`));
      const served = await site.launch(site.alone, "DEL", { containerId: "b" });
      expect(served).toMatchObject({ status: 0 });
      agent.process.kill("SIGTERM");
      expect(await agent.ended).toBe(0);
    },
  );
});
