import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BypassSite, bypassSite } from "../../support/bypass-site.ts";

let site: BypassSite;

beforeEach(() => {
  site = bypassSite();
  // A router that leads on whatever is wrapped.
  site.node.shell(`sysctl -qw net.ipv6.conf.all.forwarding=1
    ip addr add fd17::2/64 dev eth1 nodad; ip -6 route add fd99::/64 via fd17::1
    ip -6 neigh add fd17::1 dev eth1 lladdr 02:00:00:00:00:01 nud permanent`);
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** 10.0.1.5 as destination in an IPv4 header behind one of IPv6 and a routing header of one segment. */
const IN_SEGMENTS = "@nh,640,32 0x0a000105";

/** How many packets that match come out of the node while the pod sends some for a remote pod. */
function seenOutside(match = IN_SEGMENTS): number {
  site.outside.shell(`nft -f - <<'END'
    table netdev wire {
      chain in { type filter hook ingress device "eth0" priority 0; ${match} counter; }
    }
END`);
  site.pod.try("sh", "-c", "ping -n -c 3 -i 0.01 -W 0.3 10.0.1.5");
  const text = site.outside.exec("nft", "list", "table", "netdev", "wire");
  site.outside.exec("nft", "delete", "table", "netdev", "wire");
  return Number(/packets (\d+)/.exec(text)?.[1]);
}

const SEGMENTS = "encap seg6 mode encap segs fd99::1 dev eth1";

describe("routes that wrap packets by themselves (seg6): the packet leaves past both layers", () => {
  it.each([
    ["for a remote network", `ip route replace 10.0.1.0/24 ${SEGMENTS}`],
    ["for a part of one", `ip route add 10.0.1.5/32 ${SEGMENTS}`],
    ["for more", `ip route replace default ${SEGMENTS}`],
    [
      "in another table",
      `ip route add default table 77 ${SEGMENTS}; ip rule add iif pod0 lookup 77`,
    ],
    [
      "as one of several next hops",
      `ip route replace 10.0.1.0/24 nexthop encap seg6 mode encap segs fd99::1 dev eth1 nexthop encap seg6 mode encap segs fd99::2 dev eth1`,
    ],
  ])("%s", (_, script) => {
    expect(seenOutside()).toBe(0);
    site.node.shell(script);
    expect(seenOutside()).toBe(3);
    expect(site.bypasses()).toMatchObject([
      {
        kind: "route",
        severity: "open",
        sentence: expect.stringMatching(
          /encap seg6.*10\.0\.1\.0\/24.*ip route del/,
        ) as string,
      },
    ]);
    expect(site.status().answer).toMatchObject({ code: 51 });
    const said = site.bypasses().map(({ sentence }) => sentence);
    site.node.shell(/`(.*)`/.exec(said.join())?.[1] ?? "false");
    expect(seenOutside()).toBe(0);
    expect(site.bypasses()).toEqual([]);
  });
});

it("a route that unwraps (seg6local) is a warning", () => {
  site.node.shell(
    "ip -6 route add fd98::1 encap seg6local action End.DX4 nh4 10.0.0.7 dev eth1",
  );
  expect(site.bypasses()).toMatchObject([{ kind: "route", severity: "weak" }]);
});

it("what a narrower route takes, or wraps for others, is none", () => {
  site.node.shell(`ip route add 10.0.0.0/16 ${SEGMENTS}
    ip route add 10.0.1.0/24 via 172.17.1.1; ip route add 10.9.0.0/16 ${SEGMENTS}`);
  expect(seenOutside()).toBe(0);
  expect(site.bypasses()).toEqual([]);
});

describe("other ways of routing are stopped by either layer", () => {
  it.each([
    [
      "a rule to another table",
      "ip rule add iif pod0 lookup 77; ip route add 10.0.1.0/24 via 172.17.1.1 table 77",
    ],
    [
      "a rule by mark",
      `nft 'add table ip m; add chain ip m p { type filter hook prerouting priority -150; }; add rule ip m p ip daddr 10.0.1.5 meta mark set 7'
       ip rule add fwmark 7 lookup 77; ip route add default via 172.17.1.1 table 77`,
    ],
    ["a route on the link", "ip route replace 10.0.1.0/24 dev eth1"],
  ])("%s", (_, script) => {
    site.node.shell(script);
    expect(site.leaked()).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(site.leaked()).toBe(0);
    site.command("apply");
    site.node.shell("nft delete table inet crosslink");
    expect(site.leaked()).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(site.leaked()).toBeGreaterThan(0);
  });

  it("a tunnel device", () => {
    site.node
      .shell(`ip link add tun7 type vxlan id 7 remote 172.17.1.1 dstport 4789 dev eth1
      ip link set tun7 up; ip addr add 192.0.2.1/24 dev tun7
      ip neigh add 192.0.2.2 dev tun7 lladdr 02:00:00:00:00:07
      ip route replace 10.0.1.0/24 via 192.0.2.2 dev tun7`);
    // UDP, VXLAN and Ethernet headers between both of IPv4.
    const inTunnel = "@nh,528,32 0x0a000105";
    expect(seenOutside(inTunnel)).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(seenOutside(inTunnel)).toBe(0);
    site.command("apply");
    site.node.shell("nft delete table inet crosslink");
    expect(seenOutside(inTunnel)).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(seenOutside(inTunnel)).toBe(3);
  });
});
