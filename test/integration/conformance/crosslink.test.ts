import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { examples, runConformance } from "../../support/conformance.ts";
import { namespace } from "../../support/namespace.ts";

const dist = new URL("../../../dist/", import.meta.url).pathname;

/** What an admin may break that ADD made, each by the tool for it. */
const damages = {
  "proxy-arp":
    "for f in /proc/sys/net/ipv4/conf/veth*/proxy_arp; do echo 0 > $f; done",
  forwarding: "sysctl -qw net.ipv4.ip_forward=0",
  "remote-route": "ip route del 192.168.77.0/24",
  "pod-route":
    'for r in $(ip -4 route show | sed -n "s/ dev veth.*//p"); do ip route del $r; done',
  "identity-snat": "nft delete table ip crosslink",
  "return-rules": "iptables -t nat -F POSTROUTING",
};

/** Only where SAs cannot be added is there a node on which STATUS says 50. */
function kernelHasEsp(): boolean {
  using node = namespace();
  const sa =
    "src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 mode tunnel aead rfc4106(gcm(aes))";
  const key = `0x${"5a".repeat(20)}`;
  return (
    node.try("ip", "xfrm", "state", "add", ...sa.split(" "), key, "128")
      .status === 0
  );
}

describe("the conformance suite", () => {
  it("finds no failure in dist/crosslink", { timeout: 900_000 }, async () => {
    const run = await runConformance([
      ...["--plugin", `${dist}crosslink`, "--conf", "crosslink.json"],
      ...["--base", "ptp.conflist"],
      ...["--setup", readFileSync(`${examples}crosslink-setup.sh`, "utf8")],
      ...Object.entries(damages).flatMap(([name, script]) => [
        "--damage",
        `${name}=${script}`,
      ]),
      ...(kernelHasEsp() ? [] : ["--unready", "crosslink-unready.json"]),
    ]);
    expect(run.failed, run.stdout).toEqual([]);
    expect(run.exit).toBe(0);
    expect(run.stdout).toMatch(/\b[78]\d passed, 0 MUST failed/);
  });

  it("finds none in dist/crosslink-ipam", { timeout: 900_000 }, async () => {
    const run = await runConformance([
      ...["--plugin", `${dist}crosslink-ipam`, "--ipam"],
      ...["--conf", "crosslink-ipam.json"],
      ...["--unready", "crosslink-ipam-unready.json"],
    ]);
    expect(run.failed, run.stdout).toEqual([]);
    expect(run.exit).toBe(0);
    expect(run.stdout).toMatch(/\b[78]\d passed, 0 MUST failed/);
  });
});
