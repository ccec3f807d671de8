import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AgentSite,
  agentSite,
  type RunningAgent,
} from "../../support/agent/site.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { linkOffice } from "../../support/node-site.ts";
import { until } from "../../support/until.ts";
import { oneKey, SECRET } from "../../support/node-files.ts";

let site: AgentSite;
let pod: Namespace;

beforeEach(() => {
  site = agentSite();
  pod = namespace();
  connect(site.node, "veth0", pod, "eth0");
  site.writeKeyring(oneKey());
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
}

function lines(text: string): Line[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

function add(): Promise<unknown> {
  return site.launch(site.alone, "ADD", {
    pod,
    config: {
      prevResult: {
        cniVersion: "1.1.0",
        interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
        ips: [{ address: "10.0.0.7/32", interface: 1 }],
      },
    },
  });
}

describe("the agent's log", () => {
  it("is one JSON object a decision, its own and those of calls", async () => {
    const logFile = join(site.folder, "crosslink.log");
    const conflist = join(site.folder, "pods.conflist");
    site.node.shell(
      `echo '{"type":"crosslink","logFile":"${logFile}"}' > ${conflist}`,
    );
    await using agent = await site.startAgent({
      options: ["--conflist", conflist],
    });
    await add();
    await site.launch(site.alone, "STATUS", { config: { snatt: "off" } });
    await until(() => agent.log().includes("crosslink STATUS"));
    const log = lines(agent.log());
    for (const { level, time } of log) {
      expect(["info", "warn", "error"]).toContain(level);
      expect(new Date(time).toISOString()).toBe(time);
    }
    expect(log).toContainEqual(
      expect.objectContaining({ msg: "set sysctl net.ipv4.ip_forward=1" }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({
        containerID: "c1",
        msg: "set sysctl net.ipv4.conf.veth0.proxy_arp=1",
      }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({
        level: "info",
        code: 0,
        ifname: "eth0",
        msg: "crosslink ADD",
      }),
    );
    expect(log.at(-1)).toMatchObject({
      level: "warn",
      code: 7,
      error: expect.stringContaining("snatt") as string,
      msg: "crosslink STATUS",
    });
    // What calls decide is in the file that they name, if any.
    const own = log.filter((line) => !("command" in line));
    expect(lines(readFileSync(logFile, "utf8")).map(({ msg }) => msg)).toEqual(
      own.map(({ msg }) => msg),
    );
  });

  it("holds no key, nor what it is made from, whatever is wrong with the keyring", async () => {
    site.writeCluster("far", {
      podCIDRs: ["10.9.0.0/16"],
      nodes: [{ name: "far1", ips: ["172.17.1.9"] }],
    });
    await using agent: RunningAgent = await site.startAgent();
    await add();
    site.writeKeyring({ active: 2, keys: [{ id: 1, secret: SECRET }] });
    await add();
    site.writeKeyring(oneKey(`${SECRET}!`));
    await add();
    expect(agent.log()).toMatch(/keyring\.json/);
    const hex = Buffer.from(SECRET, "base64").toString("hex");
    for (const secret of [SECRET, hex])
      expect(agent.log()).not.toContain(secret);
  });

  it("is not needed: an agent whose stderr is closed goes on", async () => {
    await using agent = await site.startAgent();
    agent.process.stderr?.destroy();
    for (let count = 0; count < 3; count += 1)
      expect(await add()).toMatchObject({ status: 0 });
  });
});
