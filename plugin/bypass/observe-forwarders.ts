import {
  expressionsOf,
  NF_NETDEV_INGRESS,
  NFPROTO_NETDEV,
  type NftablesClient,
} from "../../native/index.ts";
import type { Forwarder } from "./bypass.ts";

/** The tables that see what devices receive and hand packets on; which chain jumps to which does not matter. */
export function observeForwarders(client: NftablesClient): Forwarder[] {
  const chains = client.chains(NFPROTO_NETDEV);
  const tables = [...new Set(chains.map(({ table }) => table))];
  return tables.flatMap((table) => {
    const devices = chains
      .filter((chain) => chain.table === table)
      .flatMap(({ base }) =>
        base?.hook === NF_NETDEV_INGRESS ? (base.devices ?? []) : [],
      );
    if (devices.length === 0) return [];
    const words = wordsIn(client, table);
    return [
      ...(words.has("fwd") ? [{ table, devices, moves: true }] : []),
      ...(words.has("dup") ? [{ table, devices, moves: false }] : []),
    ];
  });
}

/** The kernel's names of the expressions that a table's rules have, of those that this program does not know. */
function wordsIn(client: NftablesClient, table: string): ReadonlySet<string> {
  const rules = client.rules({ family: NFPROTO_NETDEV, table });
  return new Set(
    rules
      .flatMap(expressionsOf)
      .flatMap((each) => (each.kind === "opaque" ? [each.name] : [])),
  );
}
