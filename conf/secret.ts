const REDACTED = "<redacted>";

/**
 * Bytes that must not be printed.
 *
 * Every way in which a value turns into text by accident (template string, JSON, console, error message) gives
 * `<redacted>`; {@link Secret.bytes} is the one deliberate way out.
 */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes);
  }

  /** A copy of the secret bytes, for a key derivation or the kernel. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** How many bytes the secret has; no secret in itself. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Whether both hold the same bytes. */
  equals(other: Secret): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
