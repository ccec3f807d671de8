import type { Bypass, BypassFacts } from "../bypass.ts";
import { few, namesDevice } from "../devices.ts";

/**
 * Flowtables. Outbound they keep to xfrm (FLOW_OFFLOAD_XMIT_XFRM in net/netfilter/nf_flow_table_ip.c) but not to postrouting; inbound
 * an established connection's packets are handed to the pod without a look at whether they were decrypted.
 */
export function flowtables({
  flowtables: found,
  devices,
}: BypassFacts): Bypass[] {
  const ways = devices
    .filter(({ role }) => role !== "other" && role !== "tunnel")
    .map(({ link }) => link.name);
  return found.flatMap(({ table, name, devices: names }) => {
    const concerned = ways.filter((way) => names.some(namesDevice(way)));
    if (concerned.length === 0) return [];
    const sentence = `The nftables flowtable "${name}" of table "${table}" takes established connections at ${few(concerned)} past the filters: clear text that poses as an answer from a remote pod passes. Keep remote CIDRs out of the rules that say \`flow add @${name}\``;
    return [{ kind: "flowtable", severity: "weak", sentence }];
  });
}
