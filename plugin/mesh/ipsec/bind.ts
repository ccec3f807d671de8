/**
 * Joins texts so that no two lists give the same result: each is written as its length in UTF-8 bytes, a colon, the
 * text and a comma (a netstring).
 */
export function bind(fields: readonly string[]): string {
  // Joined, and not added up: V8 would keep the parts of a sum, which take eight times as much memory.
  return fields
    .map((field) => `${Buffer.byteLength(field)}:${field},`)
    .join("");
}
