import { attrBytes, nested, readBe32 } from "../../attribute.ts";
import type { Attribute } from "../../attribute.ts";
import { NFTA_DATA_VALUE } from "../constants.ts";

/** The payload of one expression, by attribute type. */
export type ExpressionData = ReadonlyMap<number, Uint8Array>;

/** How one kernel expression is written and read. */
export interface ExpressionCodec<Value> {
  /** The kernel's name of it (`NFTA_EXPR_NAME`). */
  readonly name: string;
  /** Attributes that `decode` needs; an expression without them is kept as it came. */
  readonly required: readonly number[];
  /** Attributes that it may have; one with still others is kept as it came, so that nothing is lost. */
  readonly optional?: readonly number[];
  readonly encode: (value: Value) => Attribute[];
  /** The value, or undefined where the attributes say something that it has no word for. */
  readonly decode: (data: ExpressionData) => Value | undefined;
}

/** The number in a big-endian attribute. RangeError where the attribute is missing. */
export function required(data: ExpressionData, type: number): number {
  const value = data.get(type);
  if (value === undefined)
    throw new RangeError(
      `Cannot decode an expression: attribute ${type} is missing`,
    );
  return readBe32(value);
}

/** The number in a big-endian attribute, if it is there. */
export function optional(
  data: ExpressionData,
  type: number,
): number | undefined {
  const value = data.get(type);
  return value === undefined ? undefined : readBe32(value);
}

/** A value in its `NFTA_DATA_VALUE` wrapping. */
export function dataValue(type: number, value: Uint8Array): Attribute {
  return nested(type, [attrBytes(NFTA_DATA_VALUE, value)]);
}

/** The word at this number in an enumeration. Undefined for a number that has none. */
export function wordOf<Word extends string>(
  words: readonly Word[],
  number: number,
): Word | undefined {
  return words[number];
}
