import { readString, readU32 } from "../attribute.ts";

/** Reads attributes of a decoded message by type; undefined where the message has none. */
export interface Fields {
  readonly bytes: (type: number) => Uint8Array | undefined;
  /** A 32-bit number in host order. RangeError when short. */
  readonly u32: (type: number) => number | undefined;
  readonly text: (type: number) => string | undefined;
}

/** Reading access to what decodeAttributes() gave. */
export function fieldsOf(attributes: ReadonlyMap<number, Uint8Array>): Fields {
  const read = <Value>(
    type: number,
    reader: (value: Uint8Array) => Value,
  ): Value | undefined => {
    const value = attributes.get(type);
    return value === undefined ? undefined : reader(value);
  };
  return {
    bytes: (type) => attributes.get(type),
    u32: (type) => read(type, readU32),
    text: (type) => read(type, readString),
  };
}

/** An object whose keys that may be undefined are optional instead. */
export type Present<Value> = {
  readonly [
    Key in keyof Value as undefined extends Value[Key] ? never : Key
  ]: Value[Key];
} & {
  readonly [
    Key in keyof Value as undefined extends Value[Key] ? Key : never
  ]?: Exclude<Value[Key], undefined>;
};

/** The object without the keys whose value is undefined, so that an absent attribute is an absent key. */
export function present<Value extends object>(value: Value): Present<Value> {
  const kept: Partial<Value> = {};
  // A loop, since dumps of thousands of routes or policies come through here.
  for (const key in value) if (value[key] !== undefined) kept[key] = value[key];
  return kept as unknown as Present<Value>;
}
