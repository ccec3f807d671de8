import fc from "fast-check";
import { encodeAttributes } from "../../../native/attribute.ts";

/**
 * Tries a decoder on noise with attributes, and on a right body with those and more behind it. Throws where the decoder throws anything
 * but a RangeError.
 *
 * @param body a right body, without attributes
 */
export function decodeAnyBytes(
  decode: (body: Uint8Array) => unknown,
  body: Uint8Array,
): void {
  const decodeOrRefuse = (bytes: Uint8Array): void => {
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  };
  const { length } = body;
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: length, maxLength: length }),
      fc.array(fc.tuple(fc.nat(40), fc.uint8Array({ maxLength: 140 }))),
      fc.uint8Array({ maxLength: 12 }),
      (noise, list, rest) => {
        const attributes = list.map(([type, value]) => ({ type, value }));
        const tail = encodeAttributes(attributes);
        decodeOrRefuse(Buffer.concat([noise, tail]));
        decodeOrRefuse(Buffer.concat([body, tail, rest]));
      },
    ),
    { numRuns: 1000 },
  );
}
