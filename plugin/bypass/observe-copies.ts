import {
  type Expression,
  expressionsOf,
  NFPROTO_INET,
  type NftablesClient,
  type ObservedRule,
} from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { FAMILIES, traitsOf } from "../netfilter/base/family.ts";
import { parseSave, targetOf } from "../netfilter/base/save.ts";
import { findLegacy, legacyTables } from "../netfilter/legacy/program.ts";
import type { Copier } from "./bypass.ts";

const ROUTING = [
  ...FAMILIES.map((family) => traitsOf(family)),
  { number: NFPROTO_INET, word: "inet" },
];

/** Tables whose rules send copies of packets elsewhere: nftables' `dup`, and TEE of iptables-nft. */
export function observeCopies(client: NftablesClient): Copier[] {
  return ROUTING.flatMap(({ number: family, word }) => {
    const tables = new Set(client.chains(family).map(({ table }) => table));
    return [...tables].flatMap((table) => {
      const copies = client.rules({ family, table }).some(copiesPackets);
      const look = `nft -a list table ${word} ${table}`;
      return copies ? [{ table: `${word} ${table}`, look }] : [];
    });
  });
}

/** Of tens of thousands of rules hardly any is worth decoding. */
function copiesPackets(rule: ObservedRule): boolean {
  const bytes = Buffer.from(
    rule.raw.buffer,
    rule.raw.byteOffset,
    rule.raw.byteLength,
  );
  return (
    (bytes.includes("dup\0") || bytes.includes("TEE\0")) &&
    expressionsOf(rule).some(isCopy)
  );
}

function isCopy(each: Expression): boolean {
  return (
    (each.kind === "opaque" && each.name === "dup") ||
    (each.kind === "target" && each.name === "TEE")
  );
}

/** The same of legacy iptables, whose programs are asked where its tables are in use. */
export function observeLegacyCopies(kernel: Kernel): Copier[] {
  const program = findLegacy(kernel);
  if (program === undefined) return [];
  return FAMILIES.filter(
    (family) => legacyTables(kernel, family).size > 0,
  ).flatMap((family) => {
    const command = family === 4 ? "iptables-legacy" : "ip6tables-legacy";
    return [...parseSave(program.save(family))].flatMap(([table, { rules }]) =>
      rules.some((rule) => targetOf(rule) === "TEE")
        ? [
            {
              table: `${table} of ${command}`,
              look: `${command} -t ${table} -S`,
            },
          ]
        : [],
    );
  });
}
