import type { Bypass, BypassFacts, Forwarder } from "../bypass.ts";
import { type Device, deviceNames, namesDevice } from "../devices.ts";

/** nftables' rules at devices that hand packets to another device: `fwd` and `dup`, past xfrm and all later hooks. */
export function forwarders({ forwarders: found, devices }: BypassFacts) {
  return found.flatMap((forwarder): Bypass[] => {
    const concerned = devices.filter(
      ({ link, role }) =>
        (role === "pod" || role === "bridge" || role === "uplink") &&
        forwarder.devices.some(namesDevice(link.name)),
    );
    const inner = concerned.filter(({ role }) => role !== "uplink");
    const outer = concerned.filter(({ role }) => role === "uplink");
    // To the outside there is nothing but ESP; to a pod, what a tunnel brought.
    if (forwarder.sees === "sends") return judge(forwarder, inner, "weak");
    return [
      ...judge(forwarder, inner, forwarder.moves ? "open" : "weak"),
      ...judge(forwarder, outer, "weak"),
    ];
  });
}

function judge(
  { table, moves, sees }: Forwarder,
  at: readonly Device[],
  severity: Bypass["severity"],
): Bypass[] {
  if (at.length === 0) return [];
  const verb = moves ? "hands on" : "copies";
  const word = moves ? "fwd" : "dup";
  const what = sees === "receives" ? "comes in" : "goes out";
  return [
    {
      kind: "redirect",
      severity,
      sentence: `The nftables table "${table}" (netdev) ${verb} what ${what} by ${deviceNames(at)} to another device (\`${word}\`), past xfrm and netfilter: find the rule with \`nft -a list table netdev ${table}\`, and remove it`,
    },
  ];
}
