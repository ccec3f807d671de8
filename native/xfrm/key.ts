import { timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const REDACTED = "<redacted>";

/**
 * Key material that never prints: `JSON.stringify`, `String`, template literals and
 * `util.inspect` all show `<redacted>`. For `rfc4106(gcm(aes))` the bytes are the AES key
 * followed by the 4-byte salt (RFC 4106 §8.1).
 */
export class Key {
  readonly #bytes: Uint8Array;

  /** Copies `bytes`, so that the caller may wipe its own. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes);
  }

  /** A copy of the key's bytes: for the kernel, never for a message. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Whether both hold the same bytes, compared in constant time. */
  equals(other: Key): boolean {
    return (
      this.#bytes.length === other.#bytes.length &&
      timingSafeEqual(this.#bytes, other.#bytes)
    );
  }

  toJSON(): string {
    return REDACTED;
  }

  toString(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
