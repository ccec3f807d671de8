import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BypassSite, bypassSite } from "../../support/bypass-site.ts";

let site: BypassSite;

beforeEach(() => {
  site = bypassSite();
});

afterEach(() => {
  site[Symbol.dispose]();
});

const dup = (family: string, hook: string): string => `nft -f - <<'END'
  table ${family} mirror {
    chain c {
      type filter hook ${hook} priority 400
      ip daddr { 10.0.1.5, 10.0.0.7 } dup to 172.17.1.1 device "eth1"
    }
  }
END`;

const tee = (command: string, chain: string): string =>
  `${command} -w -t mangle -A ${chain} -d 10.0.0.0/23 -j TEE --gateway 172.17.1.1`;

describe("rules that copy packets are named, and a copy of what a pod sends is stopped", () => {
  it.each([
    ["prerouting", dup("ip", "prerouting"), "nft -a list table ip mirror"],
    ["postrouting", dup("ip", "postrouting"), "nft -a list table ip mirror"],
    [
      "TEE by iptables-nft",
      tee("iptables-nft", "PREROUTING"),
      "nft -a list table ip mangle",
    ],
    [
      "TEE by iptables-legacy",
      tee("iptables-legacy", "POSTROUTING"),
      "iptables-legacy -t mangle -S",
    ],
  ])("%s", (_, script, look) => {
    site.node.shell(script);
    expect(site.leaked()).toBe(0);
    site.node.shell("ip xfrm policy flush");
    expect(site.leaked()).toBe(0);
    site.command("apply");
    expect(site.bypasses()).toMatchObject([
      {
        kind: "redirect",
        severity: "weak",
        sentence: expect.stringContaining(look) as string,
      },
    ]);
    expect(site.status().answer?.["code"]).not.toBe(51);
  });

  it.each(["dup", "fwd"])("what goes to a pod, by %s at its device", (word) => {
    site.node.shell(`nft -f - <<'END'
      table netdev mirror {
        chain c { type filter hook egress device "pod0" priority 0; ${word} to "eth1"; }
        chain d { type filter hook egress device "eth1" priority 0; ${word} to "eth1"; }
      }
END`);
    expect(site.bypasses()).toMatchObject([
      {
        kind: "redirect",
        severity: "weak",
        sentence: expect.stringMatching(/what goes out by pod0 /) as string,
      },
    ]);
  });
});
