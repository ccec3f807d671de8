import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { Key } from "../../../../native/xfrm/key.ts";

const bytes = Uint8Array.from({ length: 20 }, (_, index) => 0xa0 + index);
const inHex = Buffer.from(bytes).toString("hex");

test("Key never shows its bytes", () => {
  const key = new Key(bytes);
  const holder = { aead: { key } };
  const shown = [
    JSON.stringify(holder),
    String(key),
    `${key}`,
    "" + key,
    inspect(holder, { depth: 9, showHidden: true }),
    format("%s %o %j", key, holder, key),
    new Error(`Cannot add: ${key}`).message,
    JSON.stringify(structuredCloneOrNothing(key)),
  ];
  for (const text of shown) {
    expect(text).not.toContain(inHex);
    expect(text).not.toMatch(/160|a0, ?a1|161/u);
  }
  expect(JSON.stringify(holder)).toBe('{"aead":{"key":"<redacted>"}}');
  expect(inspect(key)).toBe("<redacted>");
});

test("bytes() is a copy, and the key keeps its own", () => {
  const source = Uint8Array.from(bytes);
  const key = new Key(source);
  source.fill(0);
  key.bytes().fill(0);
  expect(key.bytes()).toEqual(bytes);
});

test("equals() compares length and bytes", () => {
  const key = new Key(bytes);
  expect(key.equals(new Key(bytes))).toBe(true);
  expect(key.equals(new Key(bytes.subarray(1)))).toBe(false);
  expect(key.equals(new Key(bytes.map((byte) => byte ^ 1)))).toBe(false);
});

/** Structured clone drops the private field: what arrives is an empty object. */
function structuredCloneOrNothing(key: Key): unknown {
  return structuredClone(key);
}
