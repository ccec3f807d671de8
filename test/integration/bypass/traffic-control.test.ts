import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BypassSite, bypassSite } from "../../support/bypass-site.ts";
import { attachProgram } from "../../support/bpf.ts";

let site: BypassSite;

beforeEach(() => {
  site = bypassSite();
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** Frames need the addresses of the next hop: a redirect does not look it up. */
function readyToRedirect(): void {
  site.outside.shell(`ip link set eth0 promisc on
    ip link set eth0 address 02:00:00:00:00:0a`);
  site.node.shell("ip link set pod0 address 02:00:00:00:00:0a");
  site.pod.shell("ip neigh flush all");
}

const ALL = "u32 match u32 0 0";

describe("tc filters that redirect", () => {
  it("what a pod sends to the uplink: the packet leaves past both layers", () => {
    readyToRedirect();
    expect(site.leaked()).toBe(0);
    site.node.shell(`tc qdisc add dev pod0 clsact
      tc filter add dev pod0 ingress protocol ip ${ALL} action mirred egress redirect dev eth1`);
    expect(site.leaked()).toBe(3);
    expect(site.bypasses()).toMatchObject([
      {
        kind: "redirect",
        severity: "open",
        sentence: expect.stringMatching(
          /u32.*pod0.*eth1.*tc filter del/,
        ) as string,
      },
    ]);
    expect(site.status().answer).toMatchObject({
      code: 51,
      details: expect.stringContaining("pod0") as string,
    });
  });

  it.each(["clsact", "ingress"])(
    "at a qdisc %s, by any kind of filter",
    (qdisc) => {
      site.node.shell(`tc qdisc add dev pod0 ${qdisc}
      tc filter add dev pod0 parent ffff:${qdisc === "clsact" ? "fff2" : ""} bpf bytecode '1,6 0 0 4294967295,' \
        action mirred egress redirect dev eth1`);
      expect(site.bypasses()).toMatchObject([
        { kind: "redirect", severity: "open" },
      ]);
    },
  );

  it.each([
    ["fwd to eth1", ""],
    ["jump more", "chain more { fwd to eth1; }"],
  ])(
    "by nftables (%s): the packet leaves past both layers",
    (statement, chain) => {
      readyToRedirect();
      expect(site.leaked()).toBe(0);
      site.node.shell(`nft -f - <<'END'
      table netdev steal {
        ${chain.replace("{ ", "{\n").replace("; }", "\n}")}
        chain in {
          type filter hook ingress device "pod0" priority 0
          ${statement}
        }
      }
END`);
      expect(site.leaked()).toBe(3);
      expect(site.bypasses()).toMatchObject([
        {
          kind: "redirect",
          severity: "open",
          sentence: expect.stringMatching(
            /"steal".*pod0.*nft -a list table netdev steal/,
          ) as string,
        },
      ]);
      expect(site.status().answer).toMatchObject({ code: 51 });
    },
  );

  it("nftables' copies, and what it hands on from the uplink, are warnings", () => {
    site.node.shell(`nft -f - <<'END'
      table netdev watch {
        chain in {
          type filter hook ingress device "pod0" priority 0
          dup to eth1
        }
      }
      table netdev inward {
        chain in {
          type filter hook ingress device "eth1" priority 0
          ip daddr 192.0.2.1 fwd to pod0
        }
      }
END`);
    expect(site.bypasses()).toMatchObject([
      { kind: "redirect", severity: "weak" },
      { kind: "redirect", severity: "weak" },
    ]);
  });

  it("copies, and what comes in by the uplink, are warnings", () => {
    site.node.shell(`tc qdisc add dev pod0 clsact; tc qdisc add dev eth1 clsact
      tc filter add dev pod0 ingress ${ALL} action mirred egress mirror dev eth1
      tc filter add dev eth1 ingress ${ALL} action mirred egress redirect dev pod0`);
    expect(site.bypasses()).toMatchObject([
      { kind: "redirect", severity: "weak" },
      { kind: "redirect", severity: "weak" },
    ]);
    expect(site.status().answer?.["code"]).not.toBe(51);
  });

  it("a pod's bandwidth limit by an ifb device is none, and lets nothing out", () => {
    site.node.shell(`ip link add bwp0 type ifb; ip link set bwp0 up
      tc qdisc add dev pod0 ingress; tc qdisc add dev bwp0 root tbf rate 1gbit burst 1mb latency 25ms
      tc filter add dev pod0 parent ffff: protocol all ${ALL} action mirred egress redirect dev bwp0`);
    expect(site.bypasses()).toEqual([]);
    expect(site.leaked()).toBe(0);
  });

  it("filters that only classify or drop are none", () => {
    site.node.shell(`tc qdisc add dev pod0 clsact
      tc filter add dev pod0 ingress bpf da bytecode '1,6 0 0 4294967295,'
      tc filter add dev pod0 egress ${ALL} action mirred egress redirect dev eth1`);
    expect(site.bypasses()).toEqual([]);
  });
});

describe("eBPF programs", () => {
  it.each(["tc", "tcx"] as const)(
    "at a pod's interface by %s that redirect: the packet leaves past both layers",
    (how) => {
      readyToRedirect();
      expect(site.leaked()).toBe(0);
      const [uplink] = site.node.ip("link", "show", "eth1") as {
        ifindex: number;
      }[];
      const at = { how, device: "pod0" };
      attachProgram(site.node, {
        ...at,
        name: "sender",
        redirectTo: uplink?.ifindex ?? 0,
      });
      expect(site.leaked()).toBe(3);
      expect(site.bypasses()).toMatchObject([
        {
          kind: "program",
          severity: "open",
          sentence: expect.stringMatching(/"sender.*pod0.*bpftool/) as string,
        },
      ]);
      expect(site.status().answer).toMatchObject({ code: 51 });
    },
  );

  it.each(["tc", "tcx"] as const)(
    "at a pod's interface by %s that only look are none; a known dataplane's are open",
    (how) => {
      const at = { how, device: "pod0" };
      attachProgram(site.node, { ...at, name: "watcher" });
      expect(site.bypasses()).toEqual([]);
      attachProgram(site.node, { ...at, name: "cil_from_contai" });
      expect(site.bypasses()).toMatchObject([
        {
          kind: "program",
          severity: "open",
          sentence: expect.stringContaining("Cilium") as string,
        },
      ]);
      expect(site.status().answer).toMatchObject({ code: 51 });
    },
  );

  it("by XDP: a warning, where it is no known dataplane's", () => {
    const at = { how: "xdp", device: "pod0" } as const;
    attachProgram(site.node, { ...at, name: "watcher" });
    expect(site.bypasses()).toMatchObject([
      {
        kind: "program",
        severity: "weak",
        sentence: expect.stringMatching(/"watcher.*pod0 \(XDP\)/) as string,
      },
    ]);
  });
});
