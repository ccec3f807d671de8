/**
 * Joins texts so that no two lists give the same bytes: each is its length (16 bits, big endian) and its UTF-8.
 *
 * @throws RangeError for a text above 65,535 bytes
 */
export function bind(fields: readonly string[]): Uint8Array {
  return Buffer.concat(fields.flatMap(withLength));
}

function withLength(field: string): Buffer[] {
  const text = Buffer.from(field, "utf8");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return [length, text];
}
