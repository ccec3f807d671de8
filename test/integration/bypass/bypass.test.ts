import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BypassSite, bypassSite } from "../../support/bypass-site.ts";

let site: BypassSite;

beforeEach(() => {
  site = bypassSite();
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** Only xfrm, as where one layer is lost: what passes it is what the warning is about. */
function withXfrmAlone(): void {
  site.node.shell("nft flush ruleset");
}

interface Expected {
  readonly kind: string;
  readonly names: readonly string[];
}

/** `plan`, `status` and STATUS name it. */
function expectOpen({ kind, names }: Expected): void {
  expect(site.bypasses()).toMatchObject([{ kind, severity: "open" }]);
  const answer = site.status().answer ?? {};
  expect(answer).toMatchObject({ code: 51 });
  const told = [
    String(answer["details"]),
    site.command("plan"),
    site.command("status"),
  ];
  for (const text of told)
    for (const name of names) expect(text).toContain(name);
  expect(JSON.stringify(answer).length).toBeLessThan(1024);
}

/** `plan` and `status` name it, and STATUS does not fail for it. */
function expectWeak({ kind, names }: Expected): void {
  expect(site.bypasses()).toMatchObject([{ kind, severity: "weak" }]);
  for (const command of ["plan", "status"])
    for (const name of names) expect(site.command(command)).toContain(name);
  expectNo51();
}

function expectNo51(): void {
  expect(site.status().answer?.["code"]).not.toBe(51);
}

function expectNothing(): void {
  expect(site.bypasses()).toEqual([]);
  expectNo51();
}

it("a clean node has none, and lets nothing out or in", () => {
  withXfrmAlone();
  expectNothing();
  expect(site.command("status")).not.toMatch(/Open:|Warning:/);
  expect([site.leaked(), site.intruded()]).toEqual([0, 0]);
});

describe("other programs' xfrm policies", () => {
  it.each([
    ["of a better priority", "priority 100"],
    ["between crosslink's two priorities", "priority 17298"],
    ["without a priority", ""],
    ["for ICMP alone", "proto icmp priority 5"],
  ])("that let out, %s: the packet leaves", (_, more) => {
    withXfrmAlone();
    const selector = "src 0.0.0.0/0 dst 10.0.0.0/8";
    const [proto, priority] = more.startsWith("proto")
      ? ["proto icmp", "priority 5"]
      : ["", more];
    site.node.shell(
      `ip xfrm policy add ${selector} ${proto} dir out action allow ${priority}`,
    );
    expect(site.leaked()).toBe(3);
    expectOpen({
      kind: "policy",
      names: ["10.0.0.0/8", "10.0.1.0/24", "clear text", "17299"],
    });
  });

  it("that let in: the packet comes in", () => {
    withXfrmAlone();
    site.node.shell(
      "ip xfrm policy add src 10.0.0.0/8 dst 0.0.0.0/0 dir fwd action allow priority 1",
    );
    expect(site.intruded()).toBe(3);
    expectOpen({ kind: "policy", names: ["fwd", "10.0.1.0/24"] });
  });

  it("that demand AH or an optional ESP hide nothing", () => {
    site.node.shell(`
      ip xfrm policy add src 10.0.0.0/24 dst 10.0.1.0/25 dir out priority 1 \
        tmpl src 172.17.1.2 dst 172.17.9.9 proto ah reqid 1 mode tunnel`);
    expectOpen({ kind: "policy", names: ["10.0.1.0/25"] });
  });

  it("of a mark, which the sentence names", () => {
    site.node.shell(
      "ip xfrm policy add src 0.0.0.0/0 dst 10.0.1.0/24 dir out action allow priority 7 mark 0x5 mask 0xf",
    );
    expectOpen({ kind: "policy", names: ["mark 0x5/0xf"] });
  });

  it("the command in the sentence removes it", () => {
    site.node.shell(
      "ip xfrm policy add src 0.0.0.0/0 dst 10.0.1.0/24 dir out action allow priority 7 mark 0x5 mask 0xf",
    );
    const [found] = site.bypasses();
    const [, command = ""] = /`([^`]+)`/.exec(found?.sentence ?? "") ?? [];
    site.node.shell(command);
    expectNothing();
  });

  it("that block, or take pods' traffic through another tunnel, are a warning", () => {
    site.node.shell(
      "ip xfrm policy add src 10.0.0.0/16 dst 10.0.1.0/24 dir out action block priority 9",
    );
    expectWeak({ kind: "policy", names: ["stops what goes to 10.0.1.0/24"] });
    site.node.shell(`ip xfrm policy update src 10.0.0.0/16 dst 10.0.1.0/24 \
      dir out action allow priority 9 tmpl src 172.17.1.2 dst 172.17.9.9 proto esp reqid 9 mode tunnel`);
    expectWeak({ kind: "policy", names: ["another tunnel"] });
  });

  it.each([
    [
      "asked after crosslink's",
      "src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 20000",
    ],
    [
      "of other networks",
      "src 10.0.0.0/24 dst 192.168.0.0/16 dir out priority 1",
    ],
    [
      "of an xfrm device",
      "src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 1 if_id 7",
    ],
    [
      "of the sub database",
      "src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 1 ptype sub",
    ],
    ["of IPv6 alone", "src ::/0 dst ::/0 dir out priority 1"],
    [
      "for neighbour discovery",
      "src ::/0 dst ::/0 proto ipv6-icmp type 135 dir out priority 1",
    ],
    [
      "of a VPN of the node's own",
      "src 172.17.1.2/32 dst 10.0.0.0/8 dir out priority 1 tmpl src 172.17.1.2 dst 172.17.9.9 proto esp reqid 9 mode tunnel",
    ],
  ])("%s are none of ours", (_, policy) => {
    withXfrmAlone();
    site.node.shell(`ip xfrm policy add ${policy}`);
    expectNothing();
    expect(site.leaked()).toBe(0);
  });

  it("a default that blocks is a warning", () => {
    site.node.shell("ip xfrm policy setdefault in block");
    expectWeak({ kind: "default-policy", names: ["setdefault in accept"] });
  });
});

describe("sysctls", () => {
  it.each(["eth1", "all"])(
    "disable_xfrm on %s: the packet leaves",
    (device) => {
      withXfrmAlone();
      site.node.shell(
        `sysctl -qw net.ipv4.conf.${device}.disable_xfrm=1; ip route flush cache`,
      );
      expect(site.leaked()).toBe(3);
      expectOpen({
        kind: "sysctl",
        names: ["disable_xfrm", `net/ipv4/conf/${device}/disable_xfrm=0`],
      });
    },
  );

  it.each(["eth1", "all"])(
    "disable_policy on %s: the packet comes in",
    (device) => {
      withXfrmAlone();
      site.node.shell(
        `sysctl -qw net.ipv4.conf.${device}.disable_policy=1; ip route flush cache`,
      );
      expect(site.intruded()).toBe(3);
      expectOpen({
        kind: "sysctl",
        names: ["disable_policy", `net/ipv4/conf/${device}/disable_policy=0`],
      });
    },
  );

  it("disable_policy on a pod's interface", () => {
    site.node.shell("sysctl -qw net.ipv4.conf.pod0.disable_policy=1");
    expectOpen({ kind: "sysctl", names: ["device pod0"] });
  });

  it("those of the loopback device, and of a VPN's, are none of ours", () => {
    site.node.shell(
      "sysctl -qw net.ipv4.conf.lo.disable_xfrm=1 net.ipv4.conf.pod0.disable_xfrm=1",
    );
    expectNothing();
  });
});
