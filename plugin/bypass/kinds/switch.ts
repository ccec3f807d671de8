import type { Bypass, BypassFacts } from "../bypass.ts";
import { deviceNames } from "../devices.ts";

/** Pods at a port of Open vSwitch: its flows decide whether what they send is routed by the kernel at all. */
export function switchPorts({ devices }: BypassFacts): Bypass[] {
  const switches = new Set(
    devices
      .filter(({ link }) => link.kind === "openvswitch")
      .map(({ link }) => link.index),
  );
  const ports = devices.filter(
    ({ link, role }) =>
      role === "pod" && link.master !== undefined && switches.has(link.master),
  );
  if (ports.length === 0) return [];
  return [
    {
      kind: "switch",
      severity: "weak",
      sentence: `Open vSwitch has the pods' interfaces ${deviceNames(ports)} as ports and may forward past xfrm and netfilter what they send: see to it that its flows hand packets for remote CIDRs to the node's own routing`,
    },
  ];
}
