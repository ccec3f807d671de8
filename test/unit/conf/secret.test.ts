import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../../conf/secret.ts";

const bytes = Buffer.from("0123456789abcdef0123456789abcdef");

test("Secret prints as <redacted>, whichever way it is printed", () => {
  const secret = new Secret(bytes);
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ nested: [secret] }),
    new Error(`boom ${secret}`).message,
  ];
  for (const text of printed) {
    expect(text).toContain("<redacted>");
    expect(text).not.toMatch(/0123|30, ?31|48,49|MDEy/);
  }
  expect(Object.keys(secret)).toEqual([]);
});

test("Secret keeps its own copy of the bytes", () => {
  const source = Uint8Array.from(bytes);
  const secret = new Secret(source);
  source.fill(0);
  secret.bytes().fill(0);
  expect(Buffer.from(secret.bytes())).toEqual(bytes);
  expect(secret.length).toBe(32);
});

test("Secret.equals() compares bytes", () => {
  const secret = new Secret(bytes);
  expect(secret.equals(new Secret(bytes))).toBe(true);
  expect(secret.equals(new Secret(bytes.subarray(1)))).toBe(false);
  expect(secret.equals(new Secret(Buffer.alloc(32)))).toBe(false);
});
