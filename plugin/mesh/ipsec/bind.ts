/**
 * Joins texts so that no two lists give the same result: each is written as its length in UTF-8 bytes, a colon, the
 * text and a comma (a netstring).
 */
export function bind(fields: readonly string[]): string {
  let text = "";
  for (const field of fields) text += `${Buffer.byteLength(field)}:${field},`;
  return text;
}
