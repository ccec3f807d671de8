import { describe, isObject } from "./configuration.ts";
import { CniError, ErrorCode } from "./error.ts";

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** An object in a list, with its JSON pointer for messages. */
export type Entry = readonly [entry: Fields, pointer: string];

/** Reads one key; undefined when it is absent or null. Throws CniError 6 on a wrong type. */
type Reader<Value> = (
  parent: Fields,
  key: string,
  pointer: string,
) => Value | undefined;

/** The keys that are there, each read with `read`; absent ones stay absent. */
export function optional<Key extends string, Value>(
  parent: Fields,
  pointer: string,
  read: Reader<Value>,
  keys: readonly Key[],
): Partial<Record<Key, Value>> {
  const found: Partial<Record<Key, Value>> = {};
  for (const key of keys) {
    const value = read(parent, key, pointer);
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** A string. Empty ones are absent: Go programs write some of them. */
export const string: Reader<string> = (parent, key, pointer) => {
  const value = parent[key] ?? "";
  if (typeof value !== "string")
    throw odd(`${pointer}/${key}`, value, "a string");
  return value || undefined;
};

/** An integer that JavaScript holds exactly. */
export const integer: Reader<number> = (parent, key, pointer) => {
  const value = parent[key] ?? undefined;
  if (value === undefined || Number.isSafeInteger(value)) {
    return value as number | undefined;
  }
  throw odd(`${pointer}/${key}`, value, "an integer");
};

/** A list of strings; empty ones are absent. */
export const strings: Reader<readonly string[]> = (parent, key, pointer) => {
  const value = parent[key] ?? [];
  if (!Array.isArray(value)) throw odd(`${pointer}/${key}`, value, "an array");
  const wrong = value.findIndex((item) => typeof item !== "string");
  if (wrong >= 0) {
    throw odd(`${pointer}/${key}/${wrong}`, value[wrong], "a string");
  }
  return value.length > 0 ? (value as string[]) : undefined;
};

/** A string that must be there. */
export function required(parent: Fields, key: string, pointer: string): string {
  const value = string(parent, key, pointer);
  if (value === undefined) throw odd(`${pointer}/${key}`, "", "an address");
  return value;
}

/** A list of objects, empty when absent. */
export function list(parent: Fields, key: string, pointer: string): Entry[] {
  const value = parent[key] ?? [];
  if (!Array.isArray(value)) throw odd(`${pointer}/${key}`, value, "an array");
  return value.map((item: unknown, index): Entry => {
    const place = `${pointer}/${key}/${index}`;
    if (!isObject(item)) throw odd(place, item, "an object");
    return [item, place];
  });
}

/** An object that must be there. */
export function fields(value: unknown, pointer: string): Fields {
  if (isObject(value)) return value;
  throw odd(pointer, value, "an object");
}

/** Who wrote a result that cannot be read. */
export const WRITERS =
  "the plugin before this one in the conflist wrote it, or the IPAM plugin that was called: look at its version and its log";

function odd(pointer: string, value: unknown, wanted: string): CniError {
  return new CniError(
    ErrorCode.decode,
    `Cannot read a CNI result: ${pointer || "it"} is ${describe(value)}, want ${wanted}`,
    { details: WRITERS },
  );
}
