/** A stream of numbers that looks random, and is the same for the same seed. */
export interface Dice {
  /** From 0 to `sides` - 1. */
  readonly roll: (sides: number) => number;
  readonly pick: <Item>(items: readonly Item[]) => Item;
}

/** Mulberry32: small, and good enough to choose by. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (sides: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
  return { roll, pick: (items) => items[roll(items.length)]! };
}

/** Another input from one that did something new: of its values where it is JSON, else, and now and then, of its bytes. */
export function mutate(input: Buffer, tools: Dice): Buffer {
  const rounds = 1 + tools.roll(4);
  let bytes = input;
  for (let round = 0; round < rounds; round++)
    bytes =
      (tools.roll(12) === 0 ? undefined : mutateJson(bytes, tools)) ??
      mutateBytes(bytes, tools);
  return bytes;
}

/** Undefined for what is no JSON, and for what is nested too deep for JSON.stringify(). */
function mutateJson(bytes: Buffer, tools: Dice): Buffer | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return Buffer.from(JSON.stringify(mutateValue(value, tools)));
  } catch {
    return undefined; // its bytes, then
  }
}

/** Values that programs trip over, and words that crosslink knows. */
const TEXTS = [
  ...["", " ", "\0", "a".repeat(5000), "💥", "\ud800", "../../etc", "/", "."],
  ...["10.0.0.0/16", "10.1.0.0/16", "0.0.0.0/0", "::/0", "fd0b::/64"],
  ...["255.255.255.255/32", "::ffff:10.1.0.0/112", "fe80::1%eth0", "1.2.3/4"],
  ...["__proto__", "constructor", "toString", "eth0", "v0", "node1", "node2"],
  ...["gateway", "p2p", "ipv4", "ipv6", "all", "none", "esp", "udp", "calico"],
  ...["0.1.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", "9.9.9", "return", "off"],
];
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 0.5],
  ...[[], {}, [[]], [null], { "": null }],
];

function anything({ roll, pick }: Dice): unknown {
  return roll(2) === 0 ? pick(TEXTS) : pick(VALUES);
}

/** Goes down a random way, and changes what is there. */
function mutateValue(value: unknown, tools: Dice): unknown {
  if (typeof value !== "object" || value === null || tools.roll(6) === 0)
    return mutateLeaf(value, tools);
  if (Array.isArray(value)) return mutateList(value as unknown[], tools);
  return mutateObject(Object.entries(value), tools);
}

function mutateLeaf(value: unknown, tools: Dice): unknown {
  const { roll, pick } = tools;
  if (typeof value === "string" && roll(3) > 0)
    return mutateBytes(Buffer.from(value), tools).toString();
  if (typeof value === "number" && roll(2) > 0)
    return value + pick([-1, 1, 0.5, 2 ** 16, -(2 ** 32)]);
  if (roll(20) === 0) return nest(value, 1 << roll(14));
  return anything(tools);
}

function nest(value: unknown, depth: number): unknown {
  let around = value;
  for (let level = 0; level < depth; level++) around = [around];
  return around;
}

function mutateList(list: readonly unknown[], tools: Dice): unknown {
  const { roll, pick } = tools;
  const place = roll(list.length + 1);
  if (list.length === 0 || roll(4) === 0) {
    const more = list.length > 0 ? pick(list) : anything(tools);
    return list.toSpliced(place, 0, more);
  }
  const chosen = roll(list.length);
  if (roll(6) === 0) return list.toSpliced(chosen, 1);
  return list.with(chosen, mutateValue(list[chosen], tools));
}

function mutateObject(entries: [string, unknown][], tools: Dice): unknown {
  const { roll, pick } = tools;
  if (entries.length === 0 || roll(6) === 0)
    entries.push([pick(TEXTS), anything(tools)]);
  const chosen = roll(entries.length);
  const [key, value] = entries[chosen]!;
  if (roll(8) === 0) return Object.fromEntries(entries.toSpliced(chosen, 1));
  const changed: [string, unknown] =
    roll(8) === 0 ? [pick(TEXTS), value] : [key, mutateValue(value, tools)];
  return Object.fromEntries(entries.with(chosen, changed));
}

function mutateBytes(bytes: Buffer, { roll, pick }: Dice): Buffer {
  const place = roll(bytes.length + 1);
  const end = Math.min(bytes.length, place + roll(16));
  const head = bytes.subarray(0, place);
  const tail = bytes.subarray(place);
  const some = Buffer.from([roll(256)]);
  const ways: readonly (readonly Buffer[])[] = [
    [head],
    [head, bytes.subarray(end)],
    [head, some, tail],
    [head, some, tail.subarray(1)],
    [head, bytes.subarray(place, end), tail],
    [head, Buffer.from(pick(TEXTS)), tail],
  ];
  return Buffer.concat(pick(ways));
}
