import {
  attrBe32,
  attrString,
  readBe32,
  readBe64,
  readString,
} from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { NLM_F_CREATE } from "../message.ts";
import { decodeNetfilter } from "../nfnetlink.ts";
import {
  NFT_MSG_DELTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_HANDLE,
  NFTA_TABLE_NAME,
} from "./constants.ts";
import { familyName, nftRequest } from "./request.ts";

/** Names a table. */
export interface TableName {
  /** `AF_INET`, `AF_INET6` or another `NFPROTO_*`. */
  readonly family: number;
  readonly table: string;
}

/** A table in the kernel. */
export interface ObservedTable extends TableName {
  readonly handle: bigint;
  /** `NFT_TABLE_F_*` */
  readonly flags: number;
}

/** Adds the table, or leaves it as it is where it is there. */
export function addTable({ family, table }: TableName): Request {
  return nftRequest({
    operation: "NFT_MSG_NEWTABLE",
    message: NFT_MSG_NEWTABLE,
    family,
    flags: NLM_F_CREATE,
    attributes: [
      attrString(NFTA_TABLE_NAME, table),
      attrBe32(NFTA_TABLE_FLAGS, 0),
    ],
    action: () => `add table ${familyName(family)} ${table}`,
  });
}

/** Deletes the table and all that is in it. ENOENT where it is not there. */
export function deleteTable({ family, table }: TableName): Request {
  return nftRequest({
    operation: "NFT_MSG_DELTABLE",
    message: NFT_MSG_DELTABLE,
    family,
    attributes: [attrString(NFTA_TABLE_NAME, table)],
    action: () => `delete table ${familyName(family)} ${table}`,
  });
}

/** Asks for the tables of a family, or of all with `NFPROTO_UNSPEC`. */
export function dumpTables(family: number): Request {
  return nftRequest({
    operation: "NFT_MSG_GETTABLE",
    message: NFT_MSG_GETTABLE,
    family,
    attributes: [],
    action: () => "list nf_tables tables",
  });
}

/** The table in the body of an `NFT_MSG_NEWTABLE` message. RangeError when malformed. */
export function decodeTable(body: Uint8Array): ObservedTable {
  const { family, attributes } = decodeNetfilter(body);
  const flags = attributes.get(NFTA_TABLE_FLAGS);
  const handle = attributes.get(NFTA_TABLE_HANDLE);
  return {
    family,
    table: readString(attributes.get(NFTA_TABLE_NAME) ?? new Uint8Array(0)),
    flags: flags === undefined ? 0 : readBe32(flags),
    handle: handle === undefined ? 0n : readBe64(handle),
  };
}
