import type { Field } from "./field.ts";

/**
 * One declaration per kernel struct gives its encoder, its decoder, its type and a check of its size: a field that knows its name and
 * where its own fields are.
 */
export interface Layout<Value, Init = Value> extends Field<Value, Init> {
  readonly name: string;
  /** Byte offset of every field. */
  readonly offsets: { readonly [Key in keyof Value]: number };
}

/** What a layout decodes to. */
export type ValueOf<L> = L extends Field<infer Value, never> ? Value : never;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the only type that both ends of a Field accept
type Fields = Readonly<Record<string, Field<any, any>>>;
type StructValue<F extends Fields> = {
  -readonly [Key in keyof F]: F[Key] extends Field<infer Value, never>
    ? Value
    : never;
};
type StructInit<F extends Fields> = {
  readonly [Key in keyof F]?:
    (F[Key] extends Field<unknown, infer Init> ? Init : never) | undefined;
};

/** Declares a C struct. Throws RangeError when its size is not `size`, which is `sizeof` as the C compiler says it. */
export function struct<F extends Fields>(
  name: string,
  size: number,
  fields: F,
): Layout<StructValue<F>, StructInit<F>> {
  const placed: Placed[] = [];
  let offset = 0;
  let align = 1;
  for (const [key, field] of Object.entries(fields)) {
    offset = roundUp(offset, field.align);
    placed.push({ key, field, offset });
    offset += field.size;
    align = Math.max(align, field.align);
  }
  if (roundUp(offset, align) !== size)
    throw new RangeError(
      `Cannot lay out struct ${name}: its fields take ${roundUp(offset, align)} bytes, not ${size}`,
    );
  return {
    name,
    size,
    align,
    offsets: offsetsOf<keyof F>(placed),
    read: structReader(placed),
    write: structWriter(name, placed),
  };
}

/** The struct's bytes. Fields left out are zero, as in a C initializer; padding is zero. Values that do not fit are a RangeError. */
export function encode<Value, Init>(
  layout: Field<Value, Init>,
  value: Init,
): Uint8Array {
  const result = new Uint8Array(layout.size);
  layout.write(new DataView(result.buffer), 0, value);
  return result;
}

/** Reads the struct at `offset`. Throws RangeError where the bytes end before it does; byte arrays in it are views. */
export function decode<Value, Init>(
  layout: Field<Value, Init>,
  data: Uint8Array,
  offset = 0,
): Value {
  if (offset < 0 || offset + layout.size > data.length)
    throw new RangeError(
      `Cannot decode ${nameOf(layout)}: it needs ${layout.size} bytes at ${offset} and there are ${data.length}`,
    );
  return layout.read(
    new DataView(data.buffer, data.byteOffset, data.length),
    offset,
  );
}

/** The parts one after the other, as a plain Uint8Array (Buffer.concat() would give a Buffer, whose views are Buffers). */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(
    parts.reduce((total, part) => total + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

interface Placed {
  readonly key: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Fields
  readonly field: Field<any, any>;
  readonly offset: number;
}

function structReader<F extends Fields>(
  placed: readonly Placed[],
): (view: DataView, base: number) => StructValue<F> {
  return (view, base) => {
    const value: Record<string, unknown> = {};
    for (const { key, field, offset } of placed)
      value[key] = field.read(view, base + offset);
    return value as StructValue<F>;
  };
}

function structWriter<F extends Fields>(
  name: string,
  placed: readonly Placed[],
): (view: DataView, base: number, value: StructInit<F>) => void {
  return (view, base, value) => {
    let writing = "";
    try {
      for (const { key, field, offset } of placed) {
        const part: unknown = value[key];
        writing = key;
        if (part !== undefined) field.write(view, base + offset, part);
      }
    } catch (error) {
      throw named(error, `${name}.${writing}`);
    }
  };
}

// "Cannot encode 70000 …" alone helps nobody: say in which field.
function named(error: unknown, path: string): unknown {
  return error instanceof RangeError
    ? new RangeError(`${error.message} (${path})`, { cause: error })
    : error;
}

function offsetsOf<Key extends string | number | symbol>(
  placed: readonly Placed[],
): Readonly<Record<Key, number>> {
  return Object.fromEntries(
    placed.map(({ key, offset }) => [key, offset]),
  ) as Record<Key, number>;
}

function nameOf(layout: object): string {
  return "name" in layout ? `struct ${String(layout.name)}` : "a field";
}

function roundUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
