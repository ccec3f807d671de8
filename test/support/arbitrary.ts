import fc from "fast-check";
import { expect } from "vitest";
import type { IpPrefix } from "../../native/address.ts";

/** Addresses of 4 or 16 bytes. */
export function address(size: 4 | 16): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: size, maxLength: size });
}

/** Networks of one family. Length 0 comes with the address of all zeros, which is how a kernel message has it: not at all. */
export function prefix(size: 4 | 16): fc.Arbitrary<IpPrefix> {
  return fc
    .record({ address: address(size), length: fc.nat(size * 8) })
    .map(({ address, length }) =>
      length === 0
        ? { address: new Uint8Array(size), length }
        : { address, length },
    );
}

/** Valid bytes cut short, with some of them changed, or simply random ones. */
export function damaged(
  valid: fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.record({ at: fc.nat(400), to: fc.nat(255) }), {
    maxLength: 8,
  });
  const broken = fc
    .tuple(valid, changes, fc.option(fc.nat(400)))
    .map(([bytes, list, end]) => {
      const copy = Uint8Array.from(bytes);
      for (const { at, to } of list) if (at < copy.length) copy[at] = to;
      return copy.subarray(0, end ?? copy.length);
    });
  return fc.oneof(broken, fc.uint8Array({ maxLength: 200 }));
}

/** Runs a decoder on bytes that may be damaged: it may return or throw RangeError, and nothing else. */
export function expectRangeErrorOrResult(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
  }
}
