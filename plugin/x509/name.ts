import {
  AttributeTypeAndValue,
  AttributeValue,
  GeneralName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
} from "@peculiar/asn1-x509";
import { commonNameOf, ORGANIZATION } from "./identity.ts";

/** One word of a distinguished name. */
export interface NameWord {
  readonly is: "common name" | "organization" | "another";
  readonly text: string;
}

/** X.520's object identifiers. */
const KINDS = { "2.5.4.3": "common name", "2.5.4.10": "organization" } as const;

/** `/O=crosslink/CN=…`, or `/O=crosslink` alone. */
export function distinguishedName(identity?: string): Name {
  const word = (type: keyof typeof KINDS, utf8String: string) => {
    const value = new AttributeValue({ utf8String });
    return new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value }),
    ]);
  };
  const organization = word("2.5.4.10", ORGANIZATION);
  return new Name(
    identity === undefined
      ? [organization]
      : [organization, word("2.5.4.3", commonNameOf(identity))],
  );
}

/**
 * The words of a distinguished name.
 *
 * @throws RangeError for one in other strings than UTF8String and PrintableString
 */
export function wordsOf(name: Name): NameWord[] {
  return name.flatMap((words) =>
    words.map(({ type, value }) => {
      const text = value.utf8String ?? value.printableString;
      if (text === undefined)
        throw new RangeError("a name in an unusual kind of string");
      const is = type in KINDS ? KINDS[type as keyof typeof KINDS] : "another";
      return { is, text };
    }),
  );
}

/** A subjectAltName of one DNS name. */
export function alternativeName(dNSName: string): SubjectAlternativeName {
  return new SubjectAlternativeName([new GeneralName({ dNSName })]);
}

/**
 * The names in a subjectAltName.
 *
 * @throws RangeError where others than DNS names are among them
 */
export function dnsNamesOf(names: SubjectAlternativeName): string[] {
  return names.map(({ dNSName }) => {
    if (dNSName === undefined)
      throw new RangeError("a name that is no DNS name");
    return dNSName;
  });
}
