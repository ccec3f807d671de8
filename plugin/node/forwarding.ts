import type { Session } from "../kernel/session.ts";
import type { Flow } from "../netfilter/trace/flow.ts";
import { readSysctls } from "./observe.ts";

/** A node of a thousand pods has a thousand devices. */
const MOST_SHOWN = 8;

/**
 * Devices by which IPv4 packets of pods come in, and that have the node pass none of them on; a sentence, where it forwards
 * at all. IPv6 asks no device (ip6_forward() in net/ipv6/ip6_output.c).
 *
 * @param flows the node's, between own and remote pods
 */
export function notForwarding(
  session: Session,
  flows: Iterable<Flow>,
): string[] {
  const found = new Set<string>();
  for (const { family, inputs } of flows)
    if (family === 4) for (const { name } of inputs) found.add(name);
  const names = [...found];
  const pathOf = (name: string): string => `net/ipv4/conf/${name}/forwarding`;
  const values = readSysctls(session, [
    "net/ipv4/ip_forward",
    ...names.map(pathOf),
  ]);
  if (values.get("net/ipv4/ip_forward") !== "1") return [];
  const deaf = names.filter((name) => values.get(pathOf(name)) === "0");
  const [first] = deaf;
  if (first === undefined) return [];
  const more = deaf.length > MOST_SHOWN ? " …" : "";
  return [
    `The sysctl forwarding is 0 for ${deaf.slice(0, MOST_SHOWN).join(", ")}${more}: pods' packets that come in there are not passed on. \`sysctl -w ${pathOf(first)}=1\` ends that; look in /etc/sysctl.d for who sets it, or sets net.ipv4.conf.default.forwarding=0 for devices that come`,
  ];
}
