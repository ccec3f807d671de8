import {
  der,
  elementsOf,
  expectCount,
  expectTag,
  onlyElement,
  TAG,
} from "./der.ts";
import { decodeOid, encodeOid } from "./oid.ts";

/** An extension of a certificate, or one that is asked for: RFC 5280 §4.1. */
export interface Extension {
  /** In dots. */
  readonly oid: string;
  /** Whether who does not understand it must refuse the certificate. */
  readonly critical?: boolean;
  /** An element, encoded. */
  readonly value: Buffer;
}

const TRUE = der(TAG.boolean, Buffer.of(0xff));

/** Encodes extensions. */
export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  const each = extensions.map(({ oid, critical = false, value }) =>
    der(
      TAG.sequence,
      encodeOid(oid),
      ...(critical ? [TRUE] : []),
      der(TAG.octetString, value),
    ),
  );
  return der(TAG.sequence, ...each);
}

/**
 * Reads extensions.
 *
 * @throws RangeError for what is none
 */
export function decodeExtensions(bytes: Buffer): Extension[] {
  const { content } = onlyElement(bytes, TAG.sequence);
  return elementsOf(content).map((element) => {
    const parts = elementsOf(expectTag(element, TAG.sequence).content);
    const [type, ...rest] = parts;
    const critical = rest[0]?.whole.equals(TRUE) === true;
    const [value, ...others] = critical ? rest.slice(1) : rest;
    expectCount(others, 0);
    return {
      oid: decodeOid(expectTag(type, TAG.oid).content),
      critical,
      value: expectTag(value, TAG.octetString).content,
    };
  });
}
