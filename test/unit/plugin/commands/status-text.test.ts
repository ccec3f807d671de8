import { expect, it } from "vitest";
import {
  type NodeStatus,
  type PeerStatus,
  statusText,
} from "../../../../plugin/commands/status-text.ts";
import type { Traffic } from "../../../../plugin/commands/traffic.ts";

const traffic: Traffic = {
  spi: "0x1000",
  generation: 0,
  bytes: 0,
  packets: 0,
  ageSeconds: 1,
};

function peer(out: Traffic | null, into: Traffic | null): PeerStatus {
  return {
    cluster: "far",
    node: "f1",
    endpoint: "172.18.1.1",
    mtu: null,
    keying: "derived",
    keyId: 1,
    out,
    in: into,
    ike: null,
  };
}

function linesWith(standby: readonly PeerStatus[]): string[] {
  const status: NodeStatus = {
    cluster: "own",
    node: "here",
    peers: [],
    standby,
    fence: { policies: true, rules: true, backend: null, clusters: {} },
    snat: [],
    xfrmErrors: {},
    warnings: [],
    bypasses: [],
  };
  return statusText(status)
    .split("\n")
    .filter((line) => line.startsWith("Standing by"));
}

it("counts far ends whose SAs stand both ways, and says what makes the others", () => {
  const whole = peer(traffic, traffic);
  expect(linesWith([])).toEqual([]);
  expect(linesWith([whole, whole])).toEqual([
    "Standing by, for when another gateway is in use: SAs with 2 of 2 far ends",
  ]);
  expect(linesWith([whole, peer(null, traffic), peer(traffic, null)])).toEqual([
    "Standing by, for when another gateway is in use: SAs with 1 of 3 far ends; `crosslink apply` makes the others",
  ]);
});
