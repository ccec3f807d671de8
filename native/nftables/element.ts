import {
  attrBe32,
  attrBytes,
  attrString,
  decodeAttributeList,
  decodeAttributes,
  nested,
  readBe32,
} from "../attribute.ts";
import type { Attribute } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { NLM_F_CREATE } from "../message.ts";
import { decodeNetfilter } from "../nfnetlink.ts";
import {
  NFT_MSG_DELSETELEM,
  NFT_MSG_GETSETELEM,
  NFT_MSG_NEWSETELEM,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_SET_ELEM_DATA,
  NFTA_SET_ELEM_FLAGS,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_KEY_END,
  NFTA_SET_ELEM_LIST_ELEMENTS,
  NFTA_SET_ELEM_LIST_SET,
  NFTA_SET_ELEM_LIST_TABLE,
} from "./constants.ts";
import { decodeVerdict, type VerdictExpression } from "./expression/verdict.ts";
import { nftRequest } from "./request.ts";
import { describeSet } from "./set.ts";
import type { SetName } from "./set.ts";

/** One element as the kernel keeps it: a key, or the end of an interval. */
export interface Element {
  readonly key: Uint8Array;
  /** Last key of the element's own range, in concatenated sets. */
  readonly keyEnd?: Uint8Array;
  /** Whether this key is the first one behind an interval that began before it. */
  readonly intervalEnd: boolean;
  /** What a verdict map has for the key. */
  readonly verdict?: VerdictExpression;
}

// An attribute's length has 16 bits: the list of elements is cut below that.
const ELEMENTS_A_MESSAGE = 1000;

/** Adds elements; those that are there already stay. EEXIST or ENOTEMPTY where one overlaps another interval. */
export function addElements(
  name: SetName,
  elements: readonly Element[],
): Request[] {
  return inPieces(elements).map((piece) =>
    nftRequest({
      operation: "NFT_MSG_NEWSETELEM",
      message: NFT_MSG_NEWSETELEM,
      family: name.family,
      flags: NLM_F_CREATE,
      attributes: encodeList(name, piece),
      action: () => `add ${piece.length} elements to set ${describeSet(name)}`,
    }),
  );
}

/** Deletes elements. ENOENT where one is not there. */
export function deleteElements(
  name: SetName,
  elements: readonly Element[],
): Request[] {
  return inPieces(elements).map((piece) =>
    nftRequest({
      operation: "NFT_MSG_DELSETELEM",
      message: NFT_MSG_DELSETELEM,
      family: name.family,
      attributes: encodeList(name, piece),
      action: () =>
        `delete ${piece.length} elements of set ${describeSet(name)}`,
    }),
  );
}

/** Asks for the elements of a set. ENOENT where it is not there. */
export function dumpElements(name: SetName): Request {
  return nftRequest({
    operation: "NFT_MSG_GETSETELEM",
    message: NFT_MSG_GETSETELEM,
    family: name.family,
    attributes: [
      attrString(NFTA_SET_ELEM_LIST_TABLE, name.table),
      attrString(NFTA_SET_ELEM_LIST_SET, name.set),
    ],
    action: () => `list the elements of set ${describeSet(name)}`,
  });
}

/** The elements in the body of an `NFT_MSG_NEWSETELEM` message. RangeError when malformed. */
export function decodeElements(body: Uint8Array): Element[] {
  const list = decodeNetfilter(body).attributes.get(
    NFTA_SET_ELEM_LIST_ELEMENTS,
  );
  return decodeAttributeList(list ?? NOTHING).map(({ value }) =>
    decodeElement(value),
  );
}

function decodeElement(bytes: Uint8Array): Element {
  const attributes = decodeAttributes(bytes);
  const flags = attributes.get(NFTA_SET_ELEM_FLAGS);
  const end = attributes.get(NFTA_SET_ELEM_KEY_END);
  const verdict = verdictIn(attributes.get(NFTA_SET_ELEM_DATA));
  return {
    key: unwrap(attributes.get(NFTA_SET_ELEM_KEY)),
    intervalEnd:
      flags !== undefined &&
      (readBe32(flags) & NFT_SET_ELEM_INTERVAL_END) !== 0,
    ...(end === undefined ? {} : { keyEnd: unwrap(end) }),
    ...(verdict === undefined ? {} : { verdict }),
  };
}

function verdictIn(data: Uint8Array | undefined) {
  const found = decodeAttributes(data ?? NOTHING).get(NFTA_DATA_VERDICT);
  return found && decodeVerdict(found);
}

function encodeList(name: SetName, elements: readonly Element[]): Attribute[] {
  return [
    attrString(NFTA_SET_ELEM_LIST_TABLE, name.table),
    attrString(NFTA_SET_ELEM_LIST_SET, name.set),
    nested(
      NFTA_SET_ELEM_LIST_ELEMENTS,
      elements.map((element, index) =>
        nested(index + 1, encodeElement(element)),
      ),
    ),
  ];
}

function encodeElement({ key, keyEnd, intervalEnd }: Element): Attribute[] {
  return [
    ...(intervalEnd
      ? [attrBe32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END)]
      : []),
    nested(NFTA_SET_ELEM_KEY, [attrBytes(NFTA_DATA_VALUE, key)]),
    ...(keyEnd === undefined
      ? []
      : [nested(NFTA_SET_ELEM_KEY_END, [attrBytes(NFTA_DATA_VALUE, keyEnd)])]),
  ];
}

function inPieces(elements: readonly Element[]): (readonly Element[])[] {
  const count = Math.ceil(elements.length / ELEMENTS_A_MESSAGE);
  return Array.from({ length: count }, (_, index) =>
    elements.slice(
      index * ELEMENTS_A_MESSAGE,
      (index + 1) * ELEMENTS_A_MESSAGE,
    ),
  );
}

function unwrap(value: Uint8Array | undefined): Uint8Array {
  return decodeAttributeList(value ?? NOTHING)[0]?.value ?? NOTHING;
}

const NOTHING = new Uint8Array(0);
