import type { AddressReader } from "./address.ts";

/** Bytes that an object is read from, and what is found in them that the object's type cannot say. */
export interface Source {
  readonly view: DataView;
  readonly address: AddressReader;
  readonly foreign: string[];
}

/** An object that is still being filled. */
export type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
