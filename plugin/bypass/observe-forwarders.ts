import {
  expressionsOf,
  NF_NETDEV_EGRESS,
  NF_NETDEV_INGRESS,
  NFPROTO_NETDEV,
  type NftablesClient,
} from "../../native/index.ts";
import { remembered } from "../kernel/remembered.ts";
import type { Forwarder } from "./bypass.ts";

/** The tables that see what devices receive or send and hand packets on; which chain jumps to which does not matter. */
export function observeForwarders(client: NftablesClient): Forwarder[] {
  const chains = client.chains(NFPROTO_NETDEV);
  const tables = [...new Set(chains.map(({ table }) => table))];
  return tables.flatMap((table) => {
    const words = remembered((name: string) => wordsIn(client, name));
    return HOOKS.flatMap(([hook, sees]): Forwarder[] => {
      const devices = chains
        .filter((chain) => chain.table === table)
        .flatMap(({ base }) =>
          base?.hook === hook ? (base.devices ?? []) : [],
        );
      if (devices.length === 0) return [];
      const at = { table, sees, devices };
      return [
        ...(words(table).has("fwd") ? [{ ...at, moves: true }] : []),
        ...(words(table).has("dup") ? [{ ...at, moves: false }] : []),
      ];
    });
  });
}

const HOOKS = [
  [NF_NETDEV_INGRESS, "receives"],
  [NF_NETDEV_EGRESS, "sends"],
] as const;

/** The kernel's names of the expressions that a table's rules have, of those that this program does not know. */
function wordsIn(client: NftablesClient, table: string): ReadonlySet<string> {
  const rules = client.rules({ family: NFPROTO_NETDEV, table });
  return new Set(
    rules
      .flatMap(expressionsOf)
      .flatMap((each) => (each.kind === "opaque" ? [each.name] : [])),
  );
}
