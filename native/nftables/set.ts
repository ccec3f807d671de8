import {
  attrBe32,
  attrBytes,
  attrString,
  nested,
  readBe32,
  readString,
} from "../attribute.ts";
import type { Attribute } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { NLM_F_CREATE } from "../message.ts";
import { decodeNetfilter } from "../nfnetlink.ts";
import {
  NFT_MSG_DELSET,
  NFT_MSG_GETSET,
  NFT_MSG_NEWSET,
  NFT_SET_CONCAT,
  NFT_SET_INTERVAL,
  NFTA_LIST_ELEM,
  NFTA_SET_DESC,
  NFTA_SET_DESC_CONCAT,
  NFTA_SET_FIELD_LEN,
  NFTA_SET_FLAGS,
  NFTA_SET_ID,
  NFTA_SET_KEY_LEN,
  NFTA_SET_KEY_TYPE,
  NFTA_SET_NAME,
  NFTA_SET_TABLE,
  NFTA_SET_USERDATA,
} from "./constants.ts";
import { familyName, nftRequest } from "./request.ts";
import type { TableName } from "./table.ts";
import { encodeSetUserData } from "./userdata.ts";

/** Names a set. */
export interface SetName extends TableName {
  readonly set: string;
}

/** A set of intervals to be. */
export interface IntervalSet extends SetName {
  /** What one key holds, field after field: `TYPE_IPADDR` and its like. Several make a concatenation. */
  readonly fields: readonly SetField[];
  /** Any number but 0 that no other set in the same transaction has. */
  readonly id: number;
}

export interface SetField {
  /** nft's number of the data type; only `nft list` reads it. */
  readonly type: number;
  /** In bytes; on the wire each field is padded to 4. */
  readonly length: number;
}

/** A set in the kernel. */
export interface ObservedSet extends SetName {
  readonly flags: number;
  readonly keyType: number;
  /** In bytes. */
  readonly keyLength: number;
}

const TYPE_BITS = 6; // nft's concat_subtype_add(): six bits a field

/** Adds the set, or leaves it where an equal one is there. EEXIST where one of another type is. */
export function addSet(set: IntervalSet): Request {
  const concatenated = set.fields.length > 1;
  return nftRequest({
    operation: "NFT_MSG_NEWSET",
    message: NFT_MSG_NEWSET,
    family: set.family,
    flags: NLM_F_CREATE,
    attributes: [
      attrString(NFTA_SET_TABLE, set.table),
      attrString(NFTA_SET_NAME, set.set),
      attrBe32(
        NFTA_SET_FLAGS,
        NFT_SET_INTERVAL | (concatenated ? NFT_SET_CONCAT : 0),
      ),
      attrBe32(NFTA_SET_KEY_TYPE, keyType(set.fields)),
      attrBe32(NFTA_SET_KEY_LEN, keyLength(set.fields)),
      attrBe32(NFTA_SET_ID, set.id),
      ...(concatenated
        ? [describeFields(set.fields)]
        : [attrBytes(NFTA_SET_USERDATA, encodeSetUserData())]),
    ],
    action: () => `add set ${describeSet(set)}`,
  });
}

/** Deletes the set. EBUSY while a rule uses it, ENOENT where it is not there. */
export function deleteSet(name: SetName): Request {
  return nftRequest({
    operation: "NFT_MSG_DELSET",
    message: NFT_MSG_DELSET,
    family: name.family,
    attributes: [
      attrString(NFTA_SET_TABLE, name.table),
      attrString(NFTA_SET_NAME, name.set),
    ],
    action: () => `delete set ${describeSet(name)}`,
  });
}

/** Asks for the sets of a table. The kernel answers ENOENT where the table is not there. */
export function dumpSets({ family, table }: TableName): Request {
  return nftRequest({
    operation: "NFT_MSG_GETSET",
    message: NFT_MSG_GETSET,
    family,
    attributes: [attrString(NFTA_SET_TABLE, table)],
    action: () => `list the sets of table ${familyName(family)} ${table}`,
  });
}

/** The set in the body of an `NFT_MSG_NEWSET` message. RangeError when malformed. */
export function decodeSet(body: Uint8Array): ObservedSet {
  const { family, attributes } = decodeNetfilter(body);
  const text = (type: number) => readString(attributes.get(type) ?? NOTHING);
  const number = (type: number) => {
    const value = attributes.get(type);
    return value === undefined ? 0 : readBe32(value);
  };
  return {
    family,
    table: text(NFTA_SET_TABLE),
    set: text(NFTA_SET_NAME),
    flags: number(NFTA_SET_FLAGS),
    keyType: number(NFTA_SET_KEY_TYPE),
    keyLength: number(NFTA_SET_KEY_LEN),
  };
}

/** `NFTA_SET_KEY_TYPE` of these fields. */
function keyType(fields: readonly SetField[]): number {
  return fields.reduce((type, field) => (type << TYPE_BITS) | field.type, 0);
}

/** `NFTA_SET_KEY_LEN` of these fields, in bytes. */
function keyLength(fields: readonly SetField[]): number {
  return fields.reduce((total, { length }) => total + padded(length), 0);
}

/** `ip crosslink local`, as `nft` names a set. */
export function describeSet({ family, table, set }: SetName): string {
  return `${familyName(family)} ${table} ${set}`;
}

function describeFields(fields: readonly SetField[]): Attribute {
  return nested(NFTA_SET_DESC, [
    nested(
      NFTA_SET_DESC_CONCAT,
      fields.map(({ length }) =>
        nested(NFTA_LIST_ELEM, [attrBe32(NFTA_SET_FIELD_LEN, length)]),
      ),
    ),
  ]);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

const NOTHING = new Uint8Array(0);
