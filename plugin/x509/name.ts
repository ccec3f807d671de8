import {
  contextTag,
  der,
  elementsOf,
  expectCount,
  expectTag,
  onlyElement,
  TAG,
} from "./der.ts";
import { decodeOid, encodeOid, OID } from "./oid.ts";

/** One word of a distinguished name. */
export interface NameWord {
  /** In dots. */
  readonly oid: string;
  readonly text: string;
}

/** X.520's upper bound of a common name, which OpenSSL holds names to: characters. */
const LONGEST_COMMON_NAME = 64;

/** What a longer name is called in the subject; the whole is in subjectAltName. */
export function commonNameOf(identity: string): string {
  return identity.slice(0, LONGEST_COMMON_NAME);
}

/** `/O=crosslink/CN=…`, as `crosslink ca` has it. */
export function encodeName(commonName: string): Buffer {
  const word = (oid: string, text: string): Buffer => {
    const value = der(TAG.utf8String, Buffer.from(text));
    return der(TAG.set, der(TAG.sequence, encodeOid(oid), value));
  };
  return der(
    TAG.sequence,
    word(OID.organizationName, "crosslink"),
    word(OID.commonName, commonName),
  );
}

/**
 * The words of a distinguished name's content.
 *
 * @throws RangeError for what is none, or is in other strings than UTF8String and PrintableString
 */
export function decodeName(content: Buffer): NameWord[] {
  return elementsOf(content).map((set) => {
    const pair = onlyElement(expectTag(set, TAG.set).content, TAG.sequence);
    const [type, value, ...others] = elementsOf(pair.content);
    expectCount(others, 0);
    if (value?.tag !== TAG.utf8String && value?.tag !== TAG.printableString)
      throw new RangeError("a name in an unusual kind of string");
    return {
      oid: decodeOid(expectTag(type, TAG.oid).content),
      text: value.content.toString("utf8"),
    };
  });
}

/** dNSName, the third of GeneralName's choices: RFC 5280 §4.2.1.6. */
const DNS_NAME = contextTag(2, "primitive");

/** The value of a subjectAltName. */
export function encodeDnsName(text: string): Buffer {
  return der(TAG.sequence, der(DNS_NAME, Buffer.from(text)));
}

/**
 * The names in the value of a subjectAltName.
 *
 * @throws RangeError for what is none, or has others than DNS names
 */
export function decodeDnsNames(value: Buffer): string[] {
  const { content } = onlyElement(value, TAG.sequence);
  return elementsOf(content).map((name) => {
    if (name.tag !== DNS_NAME)
      throw new RangeError("a name that is no DNS name");
    return name.content.toString("latin1");
  });
}
