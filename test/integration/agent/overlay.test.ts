import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentSite, agentSite } from "../../support/agent/site.ts";
import { makeLeaf } from "../../support/leaf.ts";
import { until } from "../../support/until.ts";

let site: AgentSite;

beforeEach(() => {
  site = agentSite();
  makeLeaf(site);
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** What the node holds of the overlay, in the words of other tools. */
function state(): string {
  return site.node.shell(`
    set +e # the device may be gone
    ip -details -brief link show crosslink0 | sed 's/@[^ ]*//'
    ip link show crosslink0 | grep alias
    ip addr show dev crosslink0 scope host | grep -w inet
    ip neigh show dev crosslink0 nud permanent
    bridge fdb show dev crosslink0
    ip route show proto 88
    cat /proc/sys/net/ipv4/conf/crosslink0/rp_filter; true`);
}

const damages = [
  "ip link del crosslink0",
  "ip link set crosslink0 down",
  "ip link set crosslink0 mtu 1300",
  "ip link set crosslink0 alias ''",
  "ip addr flush dev crosslink0 scope host",
  "ip neigh flush dev crosslink0 nud permanent",
  "bridge fdb del 02:43:ac:12:00:09 dev crosslink0 dst 172.18.0.9",
  "bridge fdb replace 02:43:ac:12:00:09 dev crosslink0 dst 172.18.0.99",
  "ip route del 10.9.0.0/16",
  "echo 1 > /proc/sys/net/ipv4/conf/crosslink0/rp_filter",
];

describe("an agent in a gateway-mode cluster", () => {
  it("repairs whatever others change of the overlay", async () => {
    await using agent = await site.startAgent();
    const before = state();
    expect(before).toContain("172.18.0.9 lladdr 02:43:ac:12:00:09");
    expect(before).toContain("10.9.0.0/16 via 172.18.0.9 dev crosslink0");
    for (const damage of damages) {
      site.node.shell(damage);
      await until(() => state() === before, {
        describe: () =>
          `after "${damage}":\n${state()}\ninstead of\n${before}\n${agent.log()}`,
      });
    }
  });
});
