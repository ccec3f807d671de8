import {
  type Element,
  type Expression,
  intervalsOf,
  readString,
  sameBytes,
} from "../../../native/index.ts";
import { addressValue } from "../../../ip/cidr.ts";
import { type FlowDevice, opposite, type Share } from "./flow.ts";
import {
  addressIn,
  type AddressRange,
  always,
  before,
  deviceIs,
  lastOf,
  type Match,
} from "./match.ts";
import type { Loaded } from "./register.ts";

type Step<Kind extends Expression["kind"]> = Extract<
  Expression,
  { kind: Kind }
>;

/** Whether the register compares so. */
export function compare(
  loaded: Loaded | undefined,
  { operator, value }: Step<"cmp">,
): Match {
  if (loaded === undefined) return always("unknown");
  if (loaded.what === "bytes")
    return comparing(loaded, (bytes) =>
      holds(Buffer.compare(bytes, value), operator),
    );
  if (operator !== "==" && operator !== "!=")
    return always(loaded.what === "varies" ? "some" : "unknown");
  const equal = equals(loaded, value);
  return operator === "==" ? equal : (flow) => opposite(equal(flow));
}

function holds(order: number, operator: Step<"cmp">["operator"]): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function equals(
  loaded: Exclude<Loaded, { what: "bytes" }>,
  value: Uint8Array,
): Match {
  switch (loaded.what) {
    case "varies":
      return always("some");
    case "device":
      return deviceIs(loaded.way, isDevice(loaded.by, value));
    case "address": {
      const { length, prefix = length * 8 } = loaded;
      const first = padded(value);
      return byEnd(loaded, (family) => {
        const bits = BigInt((family === 4 ? 32 : 128) - prefix);
        const start = addressValue(first(family));
        return [{ first: start, last: start + (1n << bits) - 1n }];
      });
    }
  }
}

/** Whether the register lies in a range. */
export function within(
  loaded: Loaded | undefined,
  { from, to, inverted }: Step<"range">,
): Match {
  const found = inRange(loaded, from, to);
  return inverted ? (flow) => opposite(found(flow)) : found;
}

function inRange(
  loaded: Loaded | undefined,
  from: Uint8Array,
  to: Uint8Array,
): Match {
  switch (loaded?.what) {
    case "address":
      return byEnd(loaded, () => [
        { first: addressValue(from), last: addressValue(to) },
      ]);
    case "bytes":
      return comparing(
        loaded,
        (bytes) =>
          Buffer.compare(bytes, from) >= 0 && Buffer.compare(bytes, to) <= 0,
      );
    case "varies":
      return always("some");
    default:
      return always("unknown");
  }
}

/** Whether the register is in a set, or is one element of a map. */
export function lookUp(
  loaded: Loaded | undefined,
  elements: readonly Element[],
  only?: number,
): Match {
  switch (loaded?.what) {
    case "address": {
      // Longer keys are several fields in one.
      if (elements.some(({ key }) => key.length !== loaded.length))
        return always("unknown");
      return byEnd(loaded, (family) => rangesOf(elements, family, only));
    }
    case "varies":
      return always("some");
    case "bytes":
    case "device": {
      if (elements.some(({ intervalEnd }) => intervalEnd))
        return loaded.what === "bytes"
          ? inIntervals(loaded, elements, only)
          : always("unknown");
      const wanted =
        only === undefined ? elements : elements.slice(only, only + 1);
      return anyOf(wanted.map(({ key }) => keyEquals(loaded, key)));
    }
    default:
      return always("unknown");
  }
}

function keyEquals(
  loaded: Extract<Loaded, { what: "bytes" | "device" }>,
  key: Uint8Array,
): Match {
  if (loaded.what === "device")
    return key.length === KEY_BYTES[loaded.by]
      ? deviceIs(loaded.way, isDevice(loaded.by, key))
      : always("unknown");
  return (flow) => {
    const bytes = loaded.of(flow);
    if (bytes?.length !== key.length) return loaded.otherwise ?? "unknown";
    return sameBytes(bytes, key) ? "all" : "none";
  };
}

/** As the kernel compares them: bytes, the first counts most. */
function inIntervals(
  loaded: Extract<Loaded, { what: "bytes" }>,
  elements: readonly Element[],
  only: number | undefined,
): Match {
  const wanted = only === undefined ? undefined : elements[only]?.key;
  const intervals = intervalsOf(elements).filter(
    ({ first }) => wanted === undefined || sameBytes(first, wanted),
  );
  return comparing(loaded, (bytes) =>
    intervals.some(
      ({ first, behind }) =>
        Buffer.compare(first, bytes) <= 0 &&
        (behind === undefined || Buffer.compare(bytes, behind) < 0),
    ),
  );
}

/** IFNAMSIZ, and an int. */
const KEY_BYTES = { name: 16, index: 4 } as const;

function anyOf(matches: readonly Match[]): Match {
  return (flow) => {
    const shares = matches.map((match) => match(flow));
    return (
      (["all", "some", "maybe", "unknown"] as const).find((share) =>
        shares.includes(share),
      ) ?? "none"
    );
  };
}

/** A set without intervals holds single addresses; one with them, beginnings and ends. */
function rangesOf(
  elements: readonly Element[],
  family: 4 | 6,
  only: number | undefined,
): AddressRange[] {
  const wanted = only === undefined ? undefined : elements[only]?.key;
  const isInterval = elements.some(({ intervalEnd }) => intervalEnd);
  return intervalsOf(elements)
    .filter(({ first }) => wanted === undefined || sameBytes(first, wanted))
    .map(({ first, behind }) => {
      const start = addressValue(first);
      if (!isInterval) return { first: start, last: start };
      return { first: start, last: behind ? before(behind) : lastOf(family) };
    });
}

function byEnd(
  { end, length }: Extract<Loaded, { what: "address" }>,
  ranges: (family: 4 | 6) => readonly AddressRange[],
): Match {
  return (flow) => {
    const which = end(flow);
    // Another field of the header, such as the TTL.
    if (which === undefined) return length > 2 ? "unknown" : "some";
    return addressIn(which, ranges(flow.family))(flow);
  };
}

function comparing(
  { of, otherwise }: Extract<Loaded, { what: "bytes" }>,
  judge: (bytes: Uint8Array) => boolean,
): Match {
  return (flow): Share => {
    const bytes = of(flow);
    if (bytes === undefined) return otherwise ?? "unknown";
    return judge(bytes) ? "all" : "none";
  };
}

/** A name that fills its 16 bytes, or ends in a zero, is a whole one; else names that begin so are meant. */
function isDevice(
  by: "name" | "index",
  value: Uint8Array,
): (device: FlowDevice) => boolean {
  if (by === "index") {
    const index = new DataView(value.buffer, value.byteOffset).getUint32(
      0,
      true,
    );
    return (device) => device.index === index;
  }
  const text = readString(value);
  return value.length === 16 || value.includes(0)
    ? ({ name }) => name === text
    : ({ name }) => name.startsWith(text);
}

function padded(value: Uint8Array): (family: 4 | 6) => Uint8Array {
  return (family) => {
    const whole = new Uint8Array(family === 4 ? 4 : 16);
    whole.set(value.subarray(0, whole.length));
    return whole;
  };
}
