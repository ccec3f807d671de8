import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPlan } from "../../../plugin/commands/plan.ts";
import { runStatus } from "../../../plugin/commands/status.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";
import { shownBy } from "../../support/routed-pod.ts";

let site: NodeSite;

const HERE = "172.17.1.2";
const PEER = "198.51.100.9";

beforeEach(() => {
  site = nodeSite();
  site.writeKeyring({
    active: 1,
    keys: [{ id: 1, secret: Buffer.alloc(32, 7).toString("base64") }],
  });
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** A node with one peer of another cluster. */
function link(encap: "esp" | "udp"): void {
  const [own, far] = [
    { podCIDRs: ["10.0.0.0/24"], nodes: [{ name: "node1", ips: [HERE] }] },
    { podCIDRs: ["10.9.0.0/24"], nodes: [{ name: "peer", ips: [PEER] }] },
  ];
  site.writeCluster("own", { ...own, encap });
  site.writeCluster("far", { ...far, encap });
}

/** What `plan` and `status` say of chains and tunnels, which has to be the same: what pods send is another matter. */
function named(): string[] {
  const [plan, status] = [runPlan, runStatus].map((command) =>
    shownBy(site, command)
      .split("\n")
      .filter((line) => line.includes(" the ESP ")),
  );
  expect(status).toEqual(plan);
  return plan ?? [];
}

const chain = (
  family: string,
  hook: string,
  rules: readonly string[],
  policy = "accept",
): string =>
  `nft 'add table ${family} fw
    add chain ${family} fw c { type filter hook ${hook} priority 0; policy ${policy}; }
    ${rules.map((rule) => `add rule ${family} fw c ${rule}`).join("\n")}'`;

const AT_UPLINK = 'ingress device "eth0"';
const ACCEPTS = ["ct state established,related accept", "tcp dport 22 accept"];

const IN = `the ESP from ${PEER}/32 to ${HERE}/32`;
const OUT = `the ESP from ${HERE}/32 to ${PEER}/32`;

const TAKES: Record<string, [script: string, sentence: string]> = {
  "a netdev chain that drops ESP": [
    chain("netdev", AT_UPLINK, ["ip protocol esp drop"]),
    `Chain netdev fw c at eth0 drops ${IN}, by rule 1`,
  ],
  "a netdev chain that drops what is neither TCP nor UDP": [
    chain("netdev", AT_UPLINK, ["meta l4proto != { tcp, udp } drop"]),
    `Chain netdev fw c at eth0 drops ${IN}, by rule 1`,
  ],
  "an inet chain at ingress that drops the peer": [
    chain("inet", AT_UPLINK, [`ip saddr ${PEER} drop`]),
    `Chain inet fw c at eth0 drops ${IN}, by rule 1`,
  ],
  "a netdev chain at egress": [
    chain("netdev", 'egress device "eth0"', [`ip daddr ${PEER} drop`]),
    `Chain netdev fw c at eth0 drops ${OUT}, by rule 1`,
  ],
  "an input chain whose policy drops": [
    chain("inet", "input", ACCEPTS, "drop"),
    `Chain inet fw c drops ${IN}, by its policy`,
  ],
  "an input chain whose last rule rejects": [
    chain("ip", "input", [...ACCEPTS, "reject"]),
    `Chain ip fw c rejects ${IN}, by rule 3`,
  ],
  "an output chain": [
    chain("ip", "output", ["meta l4proto esp drop"]),
    `Chain ip fw c drops ${OUT}, by rule 1`,
  ],
};

for (const backend of ["nft", "legacy"]) {
  const iptables = `iptables-${backend}`;
  TAKES[`INPUT of ${iptables}`] = [
    `${iptables} -P INPUT DROP; ${iptables} -A INPUT -i lo -j ACCEPT
     ${iptables} -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT; ${iptables} -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT`,
    `drops ${IN}, by its policy`,
  ];
  TAKES[`OUTPUT of ${iptables}`] = [
    `${iptables} -t mangle -A OUTPUT -p esp -j DROP`,
    `drops ${OUT}, by rule 1`,
  ];
}

/** What lets ESP pass, and takes much else away. */
const PASSES: Record<string, string> = {
  "an input chain that accepts ESP": chain(
    "inet",
    "input",
    [...ACCEPTS, "meta l4proto { esp, ah } accept"],
    "drop",
  ),
  "an input chain that accepts the peer": chain("ip", "input", [
    `ip saddr ${PEER} ip protocol esp accept`,
    "drop",
  ]),
  "chains that drop other packets": `${chain("netdev", AT_UPLINK, [
    "ip saddr 203.0.113.0/24 drop",
    "ip protocol tcp tcp dport 23 drop",
    "udp dport 4500 drop",
    "ip ttl 1 drop",
    `ip daddr ${PEER} drop`,
  ])}
    nft 'add chain netdev fw e { type filter hook egress device "eth0" priority 0; }; add rule netdev fw e ip saddr 10.0.0.0/24 drop'`,
};
for (const backend of ["nft", "legacy"])
  PASSES[`INPUT of iptables-${backend} that accepts ESP`] =
    `iptables-${backend} -P INPUT DROP; iptables-${backend} -A INPUT -p esp -j ACCEPT`;

describe("a chain that takes a tunnel's own packets away", () => {
  it.each(Object.entries(TAKES))("is named: %s", (_, [script, sentence]) => {
    link("esp");
    expect(named()).toEqual([]);
    site.node.shell(script);
    const [said = "", ...others] = named();
    expect(said).toContain(sentence);
    expect(said).toContain("accept IP protocol 50 (ESP) of the peers there");
    expect(others).toEqual([]);
  });

  it.each(Object.entries(PASSES))("is not named: %s", (_, script) => {
    link("esp");
    site.node.shell(script);
    expect(named()).toEqual([]);
  });

  it("is told by the port where ESP is in UDP", () => {
    link("udp");
    site.node.shell(
      chain("inet", "input", ["meta l4proto esp accept", ...ACCEPTS], "drop"),
    );
    expect(named()).toEqual([
      expect.stringContaining(
        `Chain inet fw c drops the ESP in UDP from ${PEER}/32 to ${HERE}/32, by its policy`,
      ),
    ]);
    site.node.shell("nft add rule inet fw c udp dport 4500 accept");
    expect(named()).toEqual([]);
    site.node.shell(`nft delete table inet fw
      iptables-legacy -w -P INPUT DROP; iptables-legacy -w -A INPUT -p udp -m udp --dport 4500 -j ACCEPT`);
    expect(named()).toEqual([]);
    site.node.shell("iptables-legacy -w -F INPUT");
    expect(named()).toHaveLength(1);
  });
});
