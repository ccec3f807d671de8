import { NFPROTO_INET, type Request } from "../../../native/index.ts";
import { OWN_TABLE } from "../../owned.ts";
import { traitsOf } from "../base/family.ts";
import type { NftOperation, Verb } from "../base/operation.ts";
import type { OwnedTable } from "./table.ts";

/** A step of our table's. */
export function tableStep(
  verb: Verb,
  sentence: string,
  requests: () => readonly Request[],
): NftOperation {
  return { object: "nft", verb, sentence, requests };
}

/** As the kernel names our table. */
export function tableName({ family }: Pick<OwnedTable, "family">) {
  return {
    family: family === "inet" ? NFPROTO_INET : traitsOf(family).number,
    table: OWN_TABLE,
  };
}

/** As an admin does. */
export function tableWords({ family }: Pick<OwnedTable, "family">): string {
  return `${family === "inet" ? family : traitsOf(family).word} ${OWN_TABLE}`;
}
