/** A value at its natural C alignment, as every 64-bit Linux ABI lays it out. */
export interface Field<Value, Init = Value> {
  readonly size: number;
  readonly align: number;
  readonly read: (view: DataView, offset: number) => Value;
  readonly write: (view: DataView, offset: number, value: Init) => void;
}

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

function readChars(view: DataView, offset: number, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) {
    const code = view.getUint8(offset + index);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}
