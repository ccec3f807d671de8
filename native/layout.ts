/**
 * One declaration per kernel struct gives its encoder, its decoder, its type and a check of its size.
 * Fields sit at their natural C alignment, as every 64-bit Linux ABI lays them out.
 */
export interface Field<Value, Init = Value> {
  readonly size: number;
  readonly align: number;
  readonly read: (view: DataView, offset: number) => Value;
  readonly write: (view: DataView, offset: number, value: Init) => void;
}

/** A field that knows its name and where its own fields are. */
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

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const BIG = false;

/** `__u8` */
export const u8 = integer(1, 0, 0xff, {
  get: (v, o) => v.getUint8(o),
  set: (v, o, n) => {
    v.setUint8(o, n);
  },
});
/** `__u16` in host order */
export const u16 = integer(2, 0, 0xffff, {
  get: (v, o) => v.getUint16(o, LITTLE),
  set: (v, o, n) => {
    v.setUint16(o, n, LITTLE);
  },
});
/** `__u32` in host order */
export const u32 = integer(4, 0, 0xffffffff, {
  get: (v, o) => v.getUint32(o, LITTLE),
  set: (v, o, n) => {
    v.setUint32(o, n, LITTLE);
  },
});
/** `__s32` in host order */
export const i32 = integer(4, -0x80000000, 0x7fffffff, {
  get: (v, o) => v.getInt32(o, LITTLE),
  set: (v, o, n) => {
    v.setInt32(o, n, LITTLE);
  },
});
/** `__be16` */
export const be16 = integer(2, 0, 0xffff, {
  get: (v, o) => v.getUint16(o, BIG),
  set: (v, o, n) => {
    v.setUint16(o, n, BIG);
  },
});
/** `__be32` */
export const be32 = integer(4, 0, 0xffffffff, {
  get: (v, o) => v.getUint32(o, BIG),
  set: (v, o, n) => {
    v.setUint32(o, n, BIG);
  },
});

/** `__u64` in host order, as a bigint */
export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  read: (view, offset) => view.getBigUint64(offset, LITTLE),
  write: (view, offset, value) => {
    if (value !== BigInt.asUintN(64, value))
      throw new RangeError(`Cannot encode ${value} in 64 bits`);
    view.setBigUint64(offset, value, LITTLE);
  },
};

/** `__u8[length]`. Shorter values are padded with zeros; decoding gives a view of all `length` bytes, not a copy. */
export function bytes(length: number, align = 1): Field<Uint8Array> {
  return {
    size: length,
    align,
    read: (view, offset) =>
      new Uint8Array(view.buffer, view.byteOffset + offset, length),
    write: (view, offset, value) => {
      if (value.length > length)
        throw new RangeError(
          `Cannot encode ${value.length} bytes in ${length}`,
        );
      new Uint8Array(view.buffer, view.byteOffset + offset, length).set(value);
    },
  };
}

/** `char[length]`: ASCII text that ends with a zero byte. A text that leaves no room for it is a RangeError. */
export function chars(length: number): Field<string> {
  return {
    size: length,
    align: 1,
    read: (view, offset) => readChars(view, offset, length),
    write: (view, offset, value) => {
      if (value.length >= length)
        throw new RangeError(`Cannot encode "${value}" in char[${length}]`);
      for (let index = 0; index < value.length; index++)
        u8.write(view, offset + index, value.charCodeAt(index));
    },
  };
}

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

interface Access {
  readonly get: (view: DataView, offset: number) => number;
  readonly set: (view: DataView, offset: number, value: number) => void;
}

function integer(
  size: number,
  min: number,
  max: number,
  access: Access,
): Field<number> {
  return {
    size,
    align: size,
    read: access.get,
    write: (view, offset, value) => {
      if (!Number.isInteger(value) || value < min || value > max)
        throw new RangeError(
          `Cannot encode ${value}: it is not an integer from ${min} to ${max}`,
        );
      access.set(view, offset, value);
    },
  };
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

function readChars(view: DataView, offset: number, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) {
    const code = view.getUint8(offset + index);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

function roundUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
