/** What a vici message holds: texts, lists of texts, and sections of the same, in order. */
export interface Section {
  readonly [key: string]: string | readonly string[] | Section;
}

// Element types: strongSwan, src/libcharon/plugins/vici/vici_message.h (vici_type_t).
const SECTION_START = 1;
const SECTION_END = 2;
const KEY_VALUE = 3;
const LIST_START = 4;
const LIST_ITEM = 5;
const LIST_END = 6;

/** A name's length is one byte, a value's two. */
const NAME_LIMIT = 0xff;
const VALUE_LIMIT = 0xffff;

/** charon nests three deep at most (connections, children, selectors); deeper is no answer of its. */
const DEPTH_LIMIT = 16;

/**
 * A message's bytes. Throws RangeError for a name of no or more than 255 bytes, or a value of more than 65,535; it
 * never quotes a value, which may be a secret.
 */
export function encodeSection(section: Section): Uint8Array {
  return Buffer.concat(elementsOf(section));
}

function elementsOf(section: Section): Buffer[] {
  return Object.entries(section).flatMap(([key, value]) => {
    if (typeof value === "string")
      return [element(KEY_VALUE), name(key), text(value, key)];
    if (isList(value))
      return [
        element(LIST_START),
        name(key),
        ...value.flatMap((item) => [element(LIST_ITEM), text(item, key)]),
        element(LIST_END),
      ];
    return [
      element(SECTION_START),
      name(key),
      ...elementsOf(value),
      element(SECTION_END),
    ];
  });
}

function isList(
  value: readonly string[] | Section,
): value is readonly string[] {
  return Array.isArray(value);
}

function element(type: number): Buffer {
  return Buffer.of(type);
}

function name(key: string): Buffer {
  const bytes = Buffer.from(key);
  if (bytes.length === 0 || bytes.length > NAME_LIMIT)
    throw new RangeError(
      `Cannot encode a vici name of ${bytes.length} bytes: 1 to ${NAME_LIMIT} fit`,
    );
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function text(value: string, key: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > VALUE_LIMIT)
    throw new RangeError(
      `Cannot encode vici value "${key}": ${bytes.length} bytes, ${VALUE_LIMIT} fit`,
    );
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads a message. Throws RangeError where the bytes are no message; of a key that comes twice the last counts. */
export function decodeSection(bytes: Uint8Array): Section {
  return readSection(reader(bytes), 0);
}

type Mutable = Record<string, string | readonly string[] | Section>;

function readSection(from: Reader, depth: number): Section {
  if (depth > DEPTH_LIMIT)
    throw malformed(`sections more than ${DEPTH_LIMIT} deep`);
  const section = Object.create(null) as Mutable; // a key may be called __proto__
  for (;;) {
    if (from.isAtEnd()) {
      if (depth > 0) throw malformed("a section that does not end");
      return section;
    }
    switch (from.byte()) {
      case SECTION_START: {
        const key = from.name();
        section[key] = readSection(from, depth + 1);
        break;
      }
      case SECTION_END:
        if (depth === 0) throw malformed("the end of no section");
        return section;
      case KEY_VALUE: {
        const key = from.name();
        section[key] = from.value();
        break;
      }
      case LIST_START: {
        const key = from.name();
        section[key] = readList(from);
        break;
      }
      default:
        throw malformed("an element of no known type");
    }
  }
}

function readList(from: Reader): string[] {
  const items: string[] = [];
  for (;;) {
    const type = from.byte();
    if (type === LIST_END) return items;
    if (type !== LIST_ITEM) throw malformed("a list with something else in it");
    items.push(from.value());
  }
}

interface Reader {
  readonly isAtEnd: () => boolean;
  readonly byte: () => number;
  readonly name: () => string;
  readonly value: () => string;
}

function reader(bytes: Uint8Array): Reader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw malformed("less than it announces");
    at += length;
    return buffer.subarray(at - length, at);
  };
  const text = (lengthBytes: 1 | 2): string =>
    take(take(lengthBytes).readUIntBE(0, lengthBytes)).toString();
  return {
    isAtEnd: () => at === buffer.length,
    byte: () => take(1).readUInt8(),
    name: () => text(1),
    value: () => text(2),
  };
}

function malformed(what: string): RangeError {
  return new RangeError(`Cannot decode a vici message: it has ${what}`);
}
