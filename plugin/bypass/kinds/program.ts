import type { AttachedProgram, Bypass, BypassFacts } from "../bypass.ts";
import { type Device, few } from "../devices.ts";

/** Dataplanes that are known to hand pods' packets to the uplink themselves, by their programs' names. */
const REDIRECTING: readonly {
  readonly name: RegExp;
  readonly whose: string;
}[] = [
  { name: /^(cil_|bpf_(lxc|host|netdev)|handle_xgress)/, whose: "Cilium" },
  { name: /^cali/, whose: "Calico's eBPF dataplane" },
];

interface Group {
  readonly whose: string | undefined;
  readonly where: string;
  readonly role: Device["role"];
  readonly name: string;
  readonly redirects: boolean | undefined;
}

/** eBPF programs at pods' interfaces and uplinks, one sentence for all devices that have the same one. */
export function programs(facts: BypassFacts): Bypass[] {
  const byIndex = new Map(
    facts.devices.map((device) => [device.link.index, device]),
  );
  const groups = new Map<string, { group: Group; devices: string[] }>();
  for (const attached of facts.programs) {
    const device = byIndex.get(attached.index);
    if (device === undefined) continue;
    const group = groupOf(attached, device);
    const key = JSON.stringify(group);
    const known = groups.get(key) ?? { group, devices: [] };
    known.devices.push(device.link.name);
    groups.set(key, known);
  }
  return [...groups.values()]
    .filter(({ group }) => !isHarmless(group))
    .map(({ group, devices }) => judge(group, devices));
}

/** Only measures, or drops. An XDP program's parts may be replaced (freplace), so its own code proves nothing. */
function isHarmless({ whose, where, redirects }: Group): boolean {
  return whose === undefined && redirects === false && where !== "XDP";
}

function groupOf(
  { where, program, redirects }: AttachedProgram,
  { role }: Device,
): Group {
  const dataplane = REDIRECTING.find(({ name }) => name.test(program.name));
  const name = program.name || `number ${String(program.id)}`;
  return { whose: dataplane?.whose, where, role, name, redirects };
}

function judge(group: Group, devices: string[]): Bypass {
  const { whose, where, role, name, redirects } = group;
  const at = `eBPF program "${name}" at ${few(devices)} (${where})`;
  const inward = role === "uplink";
  const what = inward ? "comes in from outside" : "pods send";
  const severity = inward ? "weak" : "open";
  if (whose !== undefined)
    return {
      kind: "program",
      severity,
      sentence: `${whose} takes what ${what} past xfrm and netfilter by its ${at}: give this cluster a dataplane that routes by the kernel; README lists them`,
    };
  const remedy = "find out whose it is with `bpftool net`, and remove it";
  return {
    kind: "program",
    severity: redirects === true ? severity : "weak",
    sentence:
      redirects === true
        ? `The ${at} hands what ${what} to another device, past xfrm and netfilter: ${remedy}`
        : `The ${at} may hand what ${what} to another device, past xfrm and netfilter; the kernel does not tell whether it does: ${remedy} if so`,
  };
}
