import type { MirrorTarget } from "../../../native/index.ts";
import type { Bypass, BypassFacts } from "../bypass.ts";
import type { Device } from "../devices.ts";

/** include/net/flow.h: the first device of every namespace. */
const LOOPBACK_IFINDEX = 1;

interface Redirect {
  readonly device: Device;
  /** The classifier's kind. */
  readonly filter: string;
  readonly target: MirrorTarget;
}

/** tc filters that hand what a pod sends, or what comes in from outside, to another device: past xfrm, and past netfilter. */
export function redirects(facts: BypassFacts): Bypass[] {
  const byIndex = new Map(
    facts.devices.map((device) => [device.link.index, device]),
  );
  return facts.devices
    .flatMap((device) => redirectsOf(device, facts))
    .filter(({ target }) => !comesBack(byIndex.get(target.index)))
    .map((redirect) => judge(redirect, byIndex.get(redirect.target.index)));
}

function redirectsOf(device: Device, { filters }: BypassFacts): Redirect[] {
  return (filters.get(device.link.index) ?? []).flatMap(({ kind, actions }) =>
    actions.flatMap(({ target }) =>
      target === undefined ? [] : [{ device, filter: kind, target }],
    ),
  );
}

/** An ifb device only queues: its packets go on where they were (the CNI plugin "bandwidth" limits a pod's ingress that way). */
function comesBack(target: Device | undefined): boolean {
  return target?.link.kind === "ifb";
}

function judge(
  { device, filter, target }: Redirect,
  to: Device | undefined,
): Bypass {
  const { name } = device.link;
  const inward = device.role === "uplink";
  const what = inward ? "comes in by" : "a pod sends through";
  const verb = target.redirects ? "hands on" : "copies";
  const remedy = `remove it with \`tc filter del dev ${name} ingress\`, or the program that set it`;
  return {
    kind: "redirect",
    severity:
      !inward && target.redirects && to?.role !== "pod" ? "open" : "weak",
    sentence: `A tc filter (${filter}) ${verb} what ${what} ${name} to ${targetName(target, to)}, past xfrm and netfilter: ${remedy}`,
  };
}

function targetName({ index }: MirrorTarget, to: Device | undefined): string {
  if (to !== undefined) return to.link.name;
  if (index === LOOPBACK_IFINDEX) return "lo";
  return index === 0 ? "a block of devices" : "a device that has gone";
}
