import { sameItems } from "../../diff/same-items.ts";

/**
 * The function, which works out again for an object only where the rest that it is given is another: for as long as the object
 * lives, and by identity.
 */
export function keptFor<
  Key extends object,
  Rest extends readonly unknown[],
  Value,
>(
  make: (key: Key, ...rest: Rest) => Value,
): (key: Key, ...rest: Rest) => Value {
  const known = new WeakMap<
    Key,
    { readonly rest: Rest; readonly value: Value }
  >();
  // What many objects are asked with one after the other is the same mostly, and kept once.
  let last: Rest | undefined;
  return (key, ...rest) => {
    const found = known.get(key);
    if (found !== undefined && sameItems(found.rest, rest)) return found.value;
    const value = make(key, ...rest);
    last = last !== undefined && sameItems(last, rest) ? last : rest;
    known.set(key, { rest: last, value });
    return value;
  };
}

/** What it was given last, as long as that says the same: what is kept by identity then stays. */
export function sameWhile<Value>(
  textOf: (value: Value) => string,
): (value: Value) => Value {
  let last: { readonly text: string; readonly value: Value } | undefined;
  return (value) => {
    const text = textOf(value);
    if (last?.text !== text) last = { text, value };
    return last.value;
  };
}

/** The function, which remembers its last answer alone. */
export function lastOf<Args extends readonly unknown[], Value>(
  make: (...args: Args) => Value,
): (...args: Args) => Value {
  let last: { readonly args: Args; readonly value: Value } | undefined;
  return (...args) => {
    if (last === undefined || !sameItems(last.args, args))
      last = { args, value: make(...args) };
    return last.value;
  };
}
