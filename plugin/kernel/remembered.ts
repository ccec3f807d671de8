/**
 * The function, which looks once for each key: thousands of networks share few devices, routers and tables.
 *
 * @param nameOf what tells keys apart that are no plain values
 */
export function remembered<Key, Value>(
  look: (key: Key) => Value,
  nameOf: (key: Key) => unknown = (key) => key,
): (key: Key) => Value {
  const known = new Map<unknown, { readonly value: Value }>();
  return (key) => {
    const name = nameOf(key);
    const found = known.get(name) ?? { value: look(key) };
    known.set(name, found);
    return found.value;
  };
}
