import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPlan } from "../../../plugin/commands/plan.ts";
import { runStatus } from "../../../plugin/commands/status.ts";
import type { Namespace } from "../../support/namespace.ts";
import {
  type CallOutcome,
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { addPod, routedPod, shownBy } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

const add = (): CallOutcome => addPod(site, pod);

const shown = (command: typeof runPlan): string => shownBy(site, command);

describe("a FORWARD chain that rejects by a rule", () => {
  const reject = `nft 'add table inet filter
    add chain inet filter forward { type filter hook forward priority 0; }
    add rule inet filter forward reject'`;
  const sentence =
    "Chain inet filter forward rejects what goes from 10.0.0.0/24 to 192.168.7.0/24 and on one more way, by rule 1";

  it("is named by plan, by status and in the log of an ADD, which succeeds", () => {
    site.node.shell(reject);
    const { exitCode, stderr } = add();
    expect(exitCode).toBe(0);
    expect(stderr).toContain(sentence);
    expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
    expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
  });

  it("is no longer named once pods' networks are accepted ahead of it", () => {
    site.node.shell(`${reject}
      nft insert rule inet filter forward ip saddr 10.0.0.0/24 ip daddr 192.168.7.0/24 accept
      nft insert rule inet filter forward ip saddr 192.168.7.0/24 ip daddr 10.0.0.0/24 accept`);
    expect(add().stderr).not.toContain("Chain ");
    expect(shown(runPlan)).not.toContain("Warning");
  });
});

/** A table with a chain that drops at a device. */
const atDevice = (
  family: "netdev" | "inet",
  hook: "ingress" | "egress",
  devices: string,
  rule: string,
): string => `nft 'add table ${family} edge
    add chain ${family} edge guard { type filter hook ${hook} devices = { ${devices} } priority 0; }
    add rule ${family} edge guard ${rule}'`;

/** What takes pings between the pod and the office away, and how plan and status are to put it. */
const AT_DEVICES: Record<string, { script: string; sentence: string }> = {
  "ingress of the pod's veth": {
    script: atDevice(
      "netdev",
      "ingress",
      "veth0",
      "ip daddr 192.168.0.0/16 drop",
    ),
    sentence:
      "Chain netdev edge guard at veth0 drops what goes from 10.0.0.0/24 to 192.168.7.0/24, by rule 1",
  },
  "ingress of the uplink": {
    script: atDevice(
      "netdev",
      "ingress",
      "eth0",
      "ip saddr 192.168.7.0/24 drop",
    ),
    sentence:
      "Chain netdev edge guard at eth0 drops what goes from 192.168.7.0/24 to 10.0.0.0/24, by rule 1",
  },
  "ingress of either, in a table of the family inet": {
    script: atDevice("inet", "ingress", "eth0, veth0", "counter drop"),
    sentence:
      "Chain inet edge guard at eth0, veth0 drops what goes from 10.0.0.0/24 to 192.168.7.0/24 and on one more way, by rule 1",
  },
  "egress of the uplink": {
    script: atDevice("netdev", "egress", "eth0", "ip daddr 192.168.7.7 drop"),
    sentence:
      "Chain netdev edge guard at eth0 drops some of what goes from 10.0.0.0/24 to 192.168.7.0/24, by rule 1",
  },
  "a policy": {
    script: `nft 'add table netdev edge
      add chain netdev edge guard { type filter hook ingress device "veth0" priority -10; policy drop; }
      add rule netdev edge guard meta protocol arp accept'`,
    sentence:
      "Chain netdev edge guard at veth0 drops what goes from 10.0.0.0/24 to 192.168.7.0/24, by its policy",
  },
};

describe("a chain at a device", () => {
  const reaches = () =>
    pod.try("ping", "-c1", "-W1", "192.168.7.7").status === 0;

  beforeEach(() => {
    site.node.shell("sysctl -qw net.ipv4.ip_forward=1");
    site.uplink.shell(
      "ip addr add 172.17.1.1/24 dev eth0; ip addr add 192.168.7.7/32 dev lo; ip route add 10.0.0.0/24 via 172.17.1.2",
    );
  });

  it.each(Object.entries(AT_DEVICES))(
    "is named where it drops by %s",
    (_, { script, sentence }) => {
      expect(add().exitCode).toBe(0);
      expect(reaches()).toBe(true);
      site.node.shell(script);
      expect(reaches()).toBe(false);
      expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
      expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
    },
  );

  it("is named where it stands at a port of the bridge that packets go by", () => {
    add();
    site.node.shell(`
      ip link add br0 type bridge; ip link set br0 up; ip link set veth0 master br0
      ip route del 10.0.0.7; ip addr add 10.0.0.1/24 dev br0
      ${atDevice("netdev", "ingress", "veth0", "iifname veth0 ip saddr 10.0.0.7 drop")}`);
    expect(shown(runPlan)).toContain(
      "Chain netdev edge guard at veth0 drops some of what goes from 10.0.0.0/24",
    );
  });

  it("is not named where it lets them through, or none of them passes there", () => {
    expect(add().exitCode).toBe(0);
    site.node.shell(`
      ip link add other type veth peer name another; ip link set other up
      ${atDevice("netdev", "ingress", "other", "drop")}
      nft 'add chain netdev edge uplink { type filter hook ingress device eth0 priority 0; }
        add rule netdev edge uplink ip daddr 192.168.7.0/24 drop
        add rule netdev edge uplink iifname veth0 drop
        add rule netdev edge uplink ip saddr 203.0.113.0/24 drop
        add rule netdev edge uplink ether type 0x88cc drop'`);
    expect(reaches()).toBe(true);
    expect(shown(runPlan)).not.toContain("Warning");
    expect(shown(runStatus)).not.toContain("Warning");
  });
});
