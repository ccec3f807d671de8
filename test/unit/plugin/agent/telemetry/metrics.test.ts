import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { Key } from "../../../../../native/xfrm/key.ts";
import type { ObservedAssociation } from "../../../../../native/xfrm/sa.ts";
import { kubernetesMetric } from "../../../../../plugin/agent/telemetry/kubernetes-metric.ts";
import { kernelMetrics } from "../../../../../plugin/agent/telemetry/kernel-metrics.ts";
import { countingMeter } from "../../../../../plugin/agent/telemetry/meter.ts";
import { tunnels } from "../../../../../plugin/agent/telemetry/tunnels.ts";
import { knowAssociations } from "../../../../../plugin/node/peers/associations.ts";
import type { Peer } from "../../../../../plugin/mesh/state.ts";

const here = Uint8Array.of(172, 17, 0, 2);
const there = Uint8Array.of(203, 0, 113, 2);

const peer: Peer = {
  cluster: "b",
  node: "two",
  local: here,
  remote: there,
  reqid: 0x434c0001,
  keyId: 2,
  keying: "derived",
  spisOut: [0x202, 0x302],
  accepted: [
    { keyId: 1, spis: [0x101, 0x401] },
    { keyId: 2, spis: [0x102, 0x402] },
  ],
  localCidrs: [],
  remoteCidrs: [],
};

function association(
  destination: Uint8Array,
  spi: number,
  counts: { bytes: bigint; packets: bigint; output?: bigint },
): ObservedAssociation {
  return {
    source: destination === here ? there : here,
    destination,
    spi,
    reqid: 0x434c0001,
    mode: "tunnel",
    replayWindow: 0,
    protocol: 50,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(Buffer.alloc(36, 0x5a)),
      icvBits: 128,
    },
    current: { ...counts, addTimeSeconds: 900n, useTimeSeconds: 950n },
    statistics: { replayWindow: 3, replay: 4, integrityFailed: 5 },
    sequence: { output: counts.output ?? 0n, input: 0n },
    lastUsedSeconds: 990n,
    foreign: [],
  };
}

const held = [
  association(there, 0x202, { bytes: 10n, packets: 1n, output: 1n << 30n }),
  association(here, 0x101, { bytes: 20n, packets: 2n }),
  // Somebody else's, with an SPI of ours toward another address.
  association(Uint8Array.of(192, 0, 2, 1), 0x202, { bytes: 99n, packets: 99n }),
];

/** Of three SAs the kernel holds the one that both peers share. */
const standingBy: Peer = { ...peer, node: "three", spisOut: [0x999] };

function show(): Promise<string> {
  const registry = new Registry();
  const update = kernelMetrics(registry);
  const known = knowAssociations(held);
  const facts = {
    standby: tunnels([standingBy], known),
    errors: new Map([["XfrmInNoStates", 7]]),
    fence: { cidrs: 3, layers: { policies: true, rules: "no nf_tables" } },
    nowSeconds: 1000,
  };
  update({ ...facts, tunnels: tunnels([peer], known) });
  // Twice: what the kernel counts is shown, not added up.
  update({ ...facts, tunnels: tunnels([peer], known) });
  return registry.metrics();
}

const out = 'cluster="b",peer="two",endpoint="203.0.113.2",direction="out"';
const into = 'cluster="b",peer="two",endpoint="203.0.113.2",direction="in"';

describe("kernelMetrics()", () => {
  it.each([
    `crosslink_peer_bytes_total{${out},key="2"} 10`,
    `crosslink_peer_packets_total{${out},key="2"} 1`,
    `crosslink_peer_bytes_total{${into},key="1"} 20`,
    `crosslink_peer_packets_total{${into},key="1"} 2`,
    `crosslink_peer_errors_total{${into},key="1",kind="window"} 3`,
    `crosslink_peer_errors_total{${into},key="1",kind="replay"} 4`,
    `crosslink_peer_errors_total{${into},key="1",kind="integrity"} 5`,
    `crosslink_association_present{${into},key="1"} 1`,
    `crosslink_association_present{${into},key="2"} 0`,
    `crosslink_association_age_seconds{${out},key="2"} 100`,
    `crosslink_association_idle_seconds{${out},key="2"} 10`,
    `crosslink_association_sequence_used_ratio{${out},key="2"} 0.25`,
    'crosslink_xfrm_errors_total{counter="XfrmInNoStates"} 7',
    'crosslink_fence_layer_up{layer="policies"} 1',
    'crosslink_fence_layer_up{layer="rules"} 0',
    "crosslink_fence_cidrs 3",
    'crosslink_standby_associations{state="present"} 1',
    'crosslink_standby_associations{state="missing"} 2',
  ])("shows %s", async (line) => {
    expect((await show()).split("\n")).toContain(line);
  });

  it("shows nothing of SAs that are not there, or not ours, and no key", async () => {
    const text = await show();
    expect(text).not.toContain(`bytes_total{${into},key="2"}`);
    expect(text).not.toContain("99");
    expect(text).not.toContain("5a5a");
  });
});

describe("kubernetesMetric()", () => {
  it("shows when an API server last answered, and 0 where it has not yet", async () => {
    const registry = new Registry();
    const answers = [undefined, 1_700_000_000_500];
    kubernetesMetric(registry, () => answers.shift());
    const name = "crosslink_kubernetes_answered_timestamp_seconds";
    expect(await registry.metrics()).toContain(`${name} 0\n`);
    expect(await registry.metrics()).toContain(`${name} 1700000000.5\n`);
  });
});

describe("countingMeter()", () => {
  it("makes no series for words that are no command", async () => {
    const registry = new Registry();
    const meter = countingMeter(registry);
    for (const command of ["ADD", "FROB", "frob", ""])
      meter.call({ program: "crosslink", command, code: 4, seconds: 0.003 });
    const lines = (await registry.metrics()).split("\n");
    expect(
      lines.filter((line) => line.startsWith("crosslink_cni_calls")),
    ).toEqual([
      'crosslink_cni_calls_total{program="crosslink",command="ADD",code="4"} 1',
      'crosslink_cni_calls_total{program="crosslink",command="other",code="4"} 3',
    ]);
    expect(lines).toContain(
      'crosslink_cni_call_duration_seconds_bucket{le="0.005",program="crosslink",command="ADD"} 1',
    );
  });
});
