import {
  addChain,
  addRule,
  addTable,
  deleteChain,
  NF_INET_POST_ROUTING,
  NF_IP_PRI_NAT_SRC,
  type NftablesClient,
} from "../../../native/index.ts";
import { keepSource } from "./expressions.ts";
import { type Family, traitsOf } from "./family.ts";

/**
 * Whether the kernel can do source NAT in nf_tables for this family: asked by a transaction that would do it, if its last
 * operation were not impossible. Nothing of it ever takes effect.
 */
export function supportsNat(client: NftablesClient, family: Family): boolean {
  const { number } = traitsOf(family);
  const table = { family: number, table: "crosslink-probe" };
  const chain = { ...table, chain: "postrouting" };
  const impossible = deleteChain({ ...table, chain: "nowhere" });
  const refusals = client.tryTransaction([
    addTable(table),
    addChain(chain, {
      type: "nat",
      hook: NF_INET_POST_ROUTING,
      priority: NF_IP_PRI_NAT_SRC,
      policy: "accept",
    }),
    addRule({ ...chain, expressions: keepSource(family) }, { at: "end" }),
    impossible,
  ]);
  return (
    refusals.length === 1 &&
    refusals[0]?.request.operation === impossible.operation
  );
}
