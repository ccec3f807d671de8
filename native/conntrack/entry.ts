import { formatAddress } from "../address.ts";
import { attrBe16, attrBe32, readBe16, readBe32 } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import {
  decodeNetfilter,
  encodeNetfilter,
  netfilterType,
} from "../nfnetlink.ts";
import {
  CTA_ID,
  CTA_MARK,
  CTA_STATUS,
  CTA_STATUS_MASK,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  NFNL_SUBSYS_CTNETLINK,
} from "./constants.ts";
import { decodeTuple, encodeTuple } from "./tuple.ts";
import type { Tuple } from "./tuple.ts";

/** One connection that the kernel tracks. */
export interface ConntrackEntry {
  readonly family: number;
  /** As its first packet came. */
  readonly original: Tuple;
  /** As answers come: where NAT is at work its addresses are not the original's, swapped. */
  readonly reply: Tuple;
  /** `IPS_*` */
  readonly status: number;
  readonly mark: number;
  /** Tells it from a later connection with the same tuple. */
  readonly id?: number;
  readonly zone?: number;
}

/** Names one entry. */
export type EntryName = Pick<
  ConntrackEntry,
  "family" | "original" | "id" | "zone"
>;

/** Only entries that have these status bits (`IPS_*`). Kernels before 5.18 give the others too. */
export interface EntryFilter {
  readonly status?: number;
}

/** Asks for the entries of a family. */
export function dumpEntries(
  family: number,
  { status }: EntryFilter = {},
): Request {
  const filter =
    status === undefined
      ? []
      : [attrBe32(CTA_STATUS, status), attrBe32(CTA_STATUS_MASK, status)];
  return {
    operation: "IPCTNL_MSG_CT_GET",
    type: netfilterType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
    body: encodeNetfilter(family, filter),
    action: () => "list conntrack entries",
  };
}

/** Deletes one entry. ENOENT where it is gone. */
export function deleteEntry(name: EntryName): Request {
  const { family, original, id, zone } = name;
  return {
    operation: "IPCTNL_MSG_CT_DELETE",
    type: netfilterType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE),
    body: encodeNetfilter(family, [
      encodeTuple(CTA_TUPLE_ORIG, original),
      ...(id === undefined ? [] : [attrBe32(CTA_ID, id)]),
      ...(zone === undefined ? [] : [attrBe16(CTA_ZONE, zone)]),
    ]),
    action: () =>
      `delete the conntrack entry ${formatAddress(original.source)} → ${formatAddress(original.destination)}`,
  };
}

/** The entry in the body of an `IPCTNL_MSG_CT_NEW` message. RangeError when malformed. */
export function decodeEntry(body: Uint8Array): ConntrackEntry {
  const { family, attributes } = decodeNetfilter(body);
  const number = (type: number) => {
    const value = attributes.get(type);
    return value === undefined ? undefined : readBe32(value);
  };
  const id = number(CTA_ID);
  const zone = attributes.get(CTA_ZONE);
  return {
    family,
    original: decodeTuple(attributes.get(CTA_TUPLE_ORIG) ?? NOTHING),
    reply: decodeTuple(attributes.get(CTA_TUPLE_REPLY) ?? NOTHING),
    status: number(CTA_STATUS) ?? 0,
    mark: number(CTA_MARK) ?? 0,
    ...(id === undefined ? {} : { id }),
    ...(zone === undefined ? {} : { zone: readBe16(zone) }),
  };
}

const NOTHING = new Uint8Array(0);
