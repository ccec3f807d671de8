import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withSession } from "../../../plugin/kernel/session.ts";
import { silent } from "../../../plugin/kernel/log.ts";
import {
  applyFully,
  NOTHING_WANTED,
  planFully,
} from "../../../plugin/node/full-plan.ts";
import { binding } from "../../support/binding.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** Takes the steps of a node that is linked to nothing, and returns how many there were. */
function converge(): number {
  return withSession({ binding, netns: site.node.fd }, (session) => {
    const plan = planFully(session, NOTHING_WANTED);
    applyFully(session, { plan, fence: NOTHING_WANTED.fence }, silent);
    return [...plan.node.protect, ...plan.node.retire].length;
  });
}

const state = (): string =>
  site.node.shell(
    "ip -br link; ip rule; ip -6 rule; ip route show table all; ip -6 route show table 17228 2>&1 || :",
  );

const DEVICE = `
  ip link add crosslink0 index 1129054208 type vxlan id 17228 dstport 17228 local 172.17.1.2 nolearning
  ip link set crosslink0 up
  ip addr add 169.254.67.76/32 dev crosslink0 scope host
  ip neigh add 172.17.1.3 lladdr 02:43:ac:11:01:03 nud permanent dev crosslink0
  bridge fdb add 02:43:ac:11:01:03 dev crosslink0 dst 172.17.1.3`;

describe("a node on which version 0.1.0 joined the cluster's nodes by VXLAN", () => {
  it.each(["ip link set crosslink0 alias crosslink", ":"])(
    "is rid of the device, its rules and its routes after `%s`",
    (mark) => {
      site.node.shell(`${DEVICE}
        ${mark}
        ip route add 10.9.0.0/16 via 172.17.1.3 dev crosslink0 onlink proto 88
        ip route add unreachable 10.9.0.0/16 metric 2147483647 proto 88
        ip route add 10.5.0.0/24 via 172.17.1.3 dev crosslink0 onlink table 17228 proto 88
        ip route add 10.6.0.0/24 via 172.17.1.1 dev eth0 table 17228 proto 88
        ip rule add from 10.9.0.0/16 table 17228 pref 17228 protocol 88
        ip -6 rule add from fd09::/48 table 17228 pref 17228 protocol 88`);
      expect(converge()).toBeGreaterThan(0);
      expect(state()).not.toMatch(/crosslink0|17228|proto 88/);
      expect(converge()).toBe(0);
    },
  );

  it("keeps what is somebody else's", () => {
    site.node.shell(`${DEVICE}
      ip link set crosslink0 alias mine
      ip route add 10.6.0.0/24 via 172.17.1.1 dev eth0 table 17228
      ip rule add from 10.9.0.0/16 table 17228 pref 17228
      ip rule add from 10.8.0.0/16 table 77 pref 17228 protocol 88`);
    const before = state();
    expect(converge()).toBe(0);
    expect(state()).toBe(before);
  });
});
