import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AgentSite,
  agentSite,
  type RunningAgent,
} from "../../support/agent/site.ts";
import { connect, namespace } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;
let agent: RunningAgent | undefined;

beforeEach(() => {
  site = agentSite();
  // Without a default route, remote networks need routes of ours.
  site.node.exec("ip", "route", "del", "default");
  site.writeCluster("own", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("office", office("192.168.7.0/24"));
});

afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  site[Symbol.dispose]();
});

function office(...podCIDRs: string[]): object {
  return {
    encryption: "none",
    podCIDRs,
    nodes: [{ name: "router", ips: ["172.17.1.1"] }],
  };
}

/** What the node holds of crosslink's, in the words of other tools. */
function state(): string {
  return site.node.shell(`
    nft list table ip crosslink 2>&1 | sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
    iptables-nft -t nat -S POSTROUTING
    ip route show proto 88
    ip xfrm policy
    cat /proc/sys/net/ipv4/ip_forward`);
}

async function start(): Promise<RunningAgent> {
  agent = await site.startAgent();
  return agent;
}

/** Waits until the node is as it was; generously, since this times nothing. */
async function repaired(before: string): Promise<void> {
  await until(() => state() === before, {
    describe: () => `${state()}\ninstead of\n${before}\n${agent?.log() ?? ""}`,
  });
}

describe("an agent", () => {
  it("sets its node up at its start", async () => {
    await start();
    expect(state()).toContain("192.168.7.0/24 via 172.17.1.1");
    expect(state()).toContain("--comment crosslink -j RETURN");
    expect(state()).toContain("snat to ip saddr");
  });

  it.each([
    ["our nft table deleted", "nft delete table ip crosslink"],
    ["all nft tables deleted", "nft flush ruleset"],
    ["the nat table flushed", "iptables-nft -t nat -F"],
    ["our routes flushed", "ip route flush proto 88"],
    ["forwarding switched off", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
    [
      "the node's device down and up",
      "ip link set eth0 down; ip link set eth0 up",
    ],
  ])("repairs %s", async (_, damage) => {
    await start();
    const before = state();
    site.node.shell(damage);
    await repaired(before);
  });

  it("repairs a flushed policy database", async () => {
    site.writeKeyring({
      active: 1,
      keys: [{ id: 1, secret: Buffer.alloc(32, 1).toString("base64") }],
    });
    site.writeCluster("far", {
      podCIDRs: ["10.9.0.0/16"],
      nodes: [{ name: "far1", ips: ["172.17.1.9"] }],
    });
    await start();
    // Without ESP in the kernel the block policies are all that can be there, and that must be.
    await until(() => state().includes("10.9.0.0/16"));
    site.node.shell("ip xfrm policy flush");
    await until(() => state().includes("10.9.0.0/16"));
  });

  it("follows kube-proxy's mark", async () => {
    const kubeProxy = (mark: string) =>
      site.node.shell(`iptables-nft-restore --noflush <<'EOF'
*nat
:KUBE-POSTROUTING - [0:0]
-F KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
EOF`);
    kubeProxy("0x4000");
    site.node.exec(
      ...["iptables-nft", "-t", "nat", "-A", "POSTROUTING"],
      ...["-j", "KUBE-POSTROUTING"],
    );
    await start();
    await until(
      () =>
        state().includes("-m mark ! --mark 0x4000/0x4000 -m comment") &&
        state().includes("meta mark & 0x00004000 != 0x00004000"),
    );
    kubeProxy("0x8000");
    await until(
      () =>
        state().includes("-m mark ! --mark 0x8000/0x8000 -m comment") &&
        state().includes("meta mark & 0x00008000 != 0x00008000") &&
        !state().includes("4000 "),
    );
  });

  it("follows its cluster files", async () => {
    await start();
    const before = state();
    site.writeCluster("office", office("192.168.7.0/24", "192.168.8.0/24"));
    await until(() => state().includes("192.168.8.0/24 via 172.17.1.1"));
    site.writeCluster("office", office("192.168.7.0/24"));
    await repaired(before);
    site.removeCluster("office");
    await until(() => !state().includes("192.168.7.0/24"));
  });

  it("outlives bad files, says what is wrong once, and goes on when they are good", async () => {
    site.writeCluster("office", { podCIDRs: 7 });
    const running = await start();
    await until(() => running.log().includes("office.json"));
    const call = { config: { prevResult: { cniVersion: "1.1.0" } } };
    const refused = await site.launch(site.alone, "ADD", {
      ...call,
      environment: { CNI_NETNS: site.node.path },
    });
    expect(JSON.parse(refused.stdout)).toMatchObject({ code: 7 });
    // Another look at the same fault is no news.
    writeFileSync(join(site.clustersDir, "readme.txt"), "");
    site.writeCluster("office", office("192.168.7.0/24"));
    await until(() => state().includes("192.168.7.0/24 via 172.17.1.1"));
    await until(() => running.log().includes("what its files say again"));
    expect(running.log().match(/"level":"error"/g)).toHaveLength(1);
  });

  it("waits for a folder of cluster files that is not there yet", async () => {
    rmSync(site.clustersDir, { recursive: true });
    await start();
    mkdirSync(site.clustersDir);
    site.writeCluster("own", {
      podCIDRs: ["10.0.0.0/24"],
      nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    });
    site.writeCluster("office", office("192.168.7.0/24"));
    await until(() => state().includes("192.168.7.0/24 via 172.17.1.1"));
  });

  it("serves a call by files that changed a moment before it", async () => {
    await start();
    using pod = namespace();
    connect(site.node, "veth0", pod, "eth0");
    pod.exec("ip", "addr", "add", "10.0.0.7/32", "dev", "eth0");
    const route = "192.168.8.0/24 via 172.17.1.1";
    site.writeCluster("office", office("192.168.7.0/24", "192.168.8.0/24"));
    const status = await site.launch(site.alone, "ADD", {
      environment: { CNI_NETNS: pod.path },
      config: {
        prevResult: {
          cniVersion: "1.1.0",
          interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
          ips: [{ address: "10.0.0.7/32", interface: 1 }],
        },
      },
    });
    expect(status).toMatchObject({ status: 0 });
    expect(state()).toContain(route);
  });

  it("ends at SIGTERM with exit code 0, and may start again", async () => {
    const first = await start();
    first.process.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await start();
  });

  it("starts neither beside another one nor where others may come in", async () => {
    await start();
    await expect(site.startAgent()).rejects.toThrow(/another agent does/);
    await agent?.[Symbol.asyncDispose]();
    chmodSync(dirname(site.socket), 0o755);
    await expect(site.startAgent()).rejects.toThrow(/want 0700/);
    chmodSync(dirname(site.socket), 0o777);
    await expect(site.startAgent()).rejects.toThrow(/others may write/);
  });
});
