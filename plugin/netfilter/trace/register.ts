import {
  type Expression,
  NFT_CT_MARK,
  NFT_CT_STATE,
  NFT_CT_STATUS,
  NFT_META_IIF,
  NFT_META_IIFNAME,
  NFT_META_L4PROTO,
  NFT_META_MARK,
  NFT_META_NFPROTO,
  NFT_META_OIF,
  NFT_META_OIFNAME,
  NFT_META_PROTOCOL,
} from "../../../native/index.ts";
import type { AddressSide } from "../base/expressions.ts";
import { traitsOf } from "../base/family.ts";
import { type Flow, type Marks, portOf, protocolOf } from "./flow.ts";
import { STATE_NEW } from "./match.ts";

/** What a register holds of a packet. */
export type Loaded =
  | {
      readonly what: "address";
      readonly end: (flow: Flow) => AddressSide | undefined;
      readonly length: number;
      readonly prefix?: number;
    }
  | {
      readonly what: "device";
      readonly way: "inputs" | "outputs";
      readonly by: "name" | "index";
    }
  /** Known bytes, once the flow is. */
  | {
      readonly what: "bytes";
      readonly of: (flow: Flow) => Uint8Array | undefined;
      /** How many packets have any given bytes where they are not known: marks are the same on all. */
      readonly otherwise?: "some" | "maybe";
    }
  /** Ports, protocols and the like: some packets have the value, others not. */
  | { readonly what: "varies" };

type Step<Kind extends Expression["kind"]> = Extract<
  Expression,
  { kind: Kind }
>;

/** What a load leaves in its register; undefined where nothing is known of it. */
export function load(
  step: Step<"meta"> | Step<"ct"> | Step<"payload">,
): Loaded | undefined {
  if (step.kind === "payload") return loadPayload(step);
  return step.kind === "ct" ? CONNECTION.get(step.key) : META.get(step.key);
}

const VARIES: Loaded = { what: "varies" };

function loadPayload({ base, offset, length }: Step<"payload">): Loaded {
  if (base === "transport" && offset === 2 && length === 2)
    return DESTINATION_PORT;
  if (base !== "network") return VARIES;
  // Rules of one byte may also ask for the beginning of an address.
  if (length === 1 && PROTOCOL_AT.includes(offset)) return PROTOCOL;
  return {
    what: "address",
    length,
    end: ({ family }) => {
      const { source, destination, length: whole } = traitsOf(family);
      if (length > whole) return undefined;
      if (offset === source) return "source";
      return offset === destination ? "destination" : undefined;
    },
  };
}

/** Where the header has the protocol above IP: RFC 791 §3.1, RFC 8200 §3. */
const PROTOCOL_AT = [9, 6];

const PROTOCOL: Loaded = { what: "bytes", of: oneByte, otherwise: "some" };

function oneByte(flow: Flow): Uint8Array | undefined {
  const protocol = protocolOf(flow);
  return protocol === undefined ? undefined : Uint8Array.of(protocol);
}

const DESTINATION_PORT: Loaded = {
  what: "bytes",
  of: (flow) => {
    const port = portOf(flow);
    return port === undefined
      ? undefined
      : Uint8Array.of(port >>> 8, port & 0xff);
  },
  otherwise: "some",
};

const host32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

function markLoaded(which: keyof Marks): Loaded {
  return {
    what: "bytes",
    of: ({ [which]: mark }) => (mark === undefined ? undefined : host32(mark)),
    otherwise: "maybe",
  };
}

/** A register behind a step that has no word here: what was a mark depends on one still. */
export function blurred(loaded: Loaded | undefined): Loaded | undefined {
  return dependsOnMark(loaded)
    ? { what: "bytes", of: () => undefined, otherwise: "maybe" }
    : undefined;
}

/** Whether what a register holds was read from a mark. */
export function dependsOnMark(loaded: Loaded | undefined): boolean {
  return loaded?.what === "bytes" && loaded.otherwise === "maybe";
}

/** What a rule writes as a mark, from a register. */
export function markIn(
  loaded: Loaded | undefined,
): (flow: Flow) => number | undefined {
  return (flow) => {
    const bytes = loaded?.what === "bytes" ? loaded.of(flow) : undefined;
    return bytes?.length === 4
      ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
      : undefined;
  };
}

/** A constant. */
export function constant(value: Uint8Array): Loaded {
  return { what: "bytes", of: () => value };
}

/** The register behind a change of the order of bytes. */
export function swapped(
  loaded: Loaded | undefined,
  { length, size }: Step<"byteorder">,
): Loaded | undefined {
  if (loaded?.what !== "bytes" || length !== size) return blurred(loaded);
  return { ...loaded, of: (flow) => loaded.of(flow)?.toReversed() };
}

const META: ReadonlyMap<number, Loaded> = new Map<number, Loaded>([
  [NFT_META_IIFNAME, { what: "device", way: "inputs", by: "name" }],
  [NFT_META_OIFNAME, { what: "device", way: "outputs", by: "name" }],
  [NFT_META_IIF, { what: "device", way: "inputs", by: "index" }],
  [NFT_META_OIF, { what: "device", way: "outputs", by: "index" }],
  [NFT_META_L4PROTO, PROTOCOL],
  [
    NFT_META_NFPROTO,
    {
      what: "bytes",
      of: ({ family }) => Uint8Array.of(traitsOf(family).number),
    },
  ],
  [
    NFT_META_PROTOCOL,
    {
      what: "bytes",
      of: ({ family }) =>
        family === 4 ? Uint8Array.of(0x08, 0x00) : Uint8Array.of(0x86, 0xdd),
    },
  ],
  [NFT_META_MARK, markLoaded("mark")],
]);

const CONNECTION: ReadonlyMap<number, Loaded> = new Map<number, Loaded>([
  [NFT_CT_STATE, { what: "bytes", of: () => host32(STATE_NEW) }],
  // Neither confirmed nor translated yet: pods are called by their own addresses.
  [NFT_CT_STATUS, { what: "bytes", of: () => host32(0) }],
  [NFT_CT_MARK, markLoaded("connectionMark")],
]);

/** The register behind a bitwise operation. */
export function mask(
  loaded: Loaded | undefined,
  { mask, xor }: Step<"bitwise">,
): Loaded | undefined {
  if (loaded?.what === "varies") return loaded;
  if (loaded?.what === "bytes")
    return {
      ...loaded,
      of: (flow) =>
        loaded
          .of(flow)
          ?.map(
            (byte, index) => (byte & (mask[index] ?? 0)) ^ (xor[index] ?? 0),
          ),
    };
  if (loaded?.what !== "address") return undefined;
  const prefix = prefixOf(mask);
  return prefix === undefined ? undefined : { ...loaded, prefix };
}

/** Length of the prefix that a mask is; undefined for a mask with holes. */
function prefixOf(mask: Uint8Array): number | undefined {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0"));
  return /^(1*)0*$/.exec(bits.join(""))?.[1]?.length;
}
