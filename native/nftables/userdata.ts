import { readString } from "../attribute.ts";
import {
  NFTNL_UDATA_RULE_COMMENT,
  NFTNL_UDATA_SET_KEYBYTEORDER,
} from "./constants.ts";

/**
 * What `nft` keeps beside a rule or a set, in bytes that the kernel does not read: entries of
 * type, length and value, one byte each for the first two (libnftnl's struct nftnl_udata).
 */
export interface UserDataEntry {
  readonly type: number;
  readonly value: Uint8Array;
}

const BIG_ENDIAN = 2; // nft's enum byteorder

/** The userdata of a rule with this comment: 127 bytes at most (`NFTNL_UDATA_COMMENT_MAXLEN`), RangeError beyond. */
export function encodeComment(comment: string): Uint8Array {
  const value = Buffer.from(`${comment}\0`, "utf8");
  if (value.length > 128)
    throw new RangeError(
      `Cannot keep the comment "${comment}": ${value.length - 1} bytes are more than 127`,
    );
  return encodeUserData([{ type: NFTNL_UDATA_RULE_COMMENT, value }]);
}

/** The comment in a rule's userdata, if there is one. Foreign userdata of another form has none. */
export function decodeComment(userData: Uint8Array): string | undefined {
  const entry = decodeUserData(userData).find(
    ({ type }) => type === NFTNL_UDATA_RULE_COMMENT,
  );
  return entry === undefined ? undefined : readString(entry.value);
}

/** The userdata of a set whose keys are in network order, as `nft` writes it for addresses. */
export function encodeSetUserData(): Uint8Array {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, BIG_ENDIAN, LITTLE);
  return encodeUserData([{ type: NFTNL_UDATA_SET_KEYBYTEORDER, value }]);
}

/** The entries as bytes. */
export function encodeUserData(entries: readonly UserDataEntry[]): Uint8Array {
  return Uint8Array.from(
    entries.flatMap(({ type, value }) => [type, value.length, ...value]),
  );
}

/** The entries; what follows one that is cut short is left out. */
export function decodeUserData(bytes: Uint8Array): UserDataEntry[] {
  const entries: UserDataEntry[] = [];
  let offset = 0;
  while (offset + 2 <= bytes.length) {
    const end = offset + 2 + (bytes[offset + 1] ?? 0);
    if (end > bytes.length) break;
    entries.push({
      type: bytes[offset] ?? 0,
      value: bytes.subarray(offset + 2, end),
    });
    offset = end;
  }
  return entries;
}

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
