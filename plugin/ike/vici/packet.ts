import { decodeSection, encodeSection, type Section } from "./message.ts";

/** A packet between a client and charon: strongSwan, src/libcharon/plugins/vici/vici_dispatcher.h (vici_operation_t). */
export type Packet =
  | {
      readonly type: "request";
      readonly name: string;
      readonly message: Section;
    }
  | { readonly type: "response"; readonly message: Section }
  | { readonly type: "unknown command" }
  | { readonly type: "register" | "unregister"; readonly name: string }
  | { readonly type: "confirm" }
  | { readonly type: "unknown event" }
  | {
      readonly type: "event";
      readonly name: string;
      readonly message: Section;
    };

const TYPES = [
  "request",
  "response",
  "unknown command",
  "register",
  "unregister",
  "confirm",
  "unknown event",
  "event",
] as const satisfies readonly Packet["type"][];

/** What charon takes, in bytes without the length: vici_socket.h, VICI_MESSAGE_SIZE_MAX. */
export const PACKET_LIMIT = 512 * 1024;

/** A packet with its length ahead, as it goes onto the stream. Throws RangeError where it is too long. */
export function encodePacket(packet: Packet): Uint8Array {
  const body = Buffer.concat([
    Buffer.of(TYPES.indexOf(packet.type)),
    "name" in packet ? nameOf(packet.name) : Buffer.alloc(0),
    "message" in packet ? encodeSection(packet.message) : Buffer.alloc(0),
  ]);
  if (body.length > PACKET_LIMIT)
    throw new RangeError(
      `Cannot send a vici packet of ${body.length} bytes: charon takes ${PACKET_LIMIT}`,
    );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Reads a packet, without its length. Throws RangeError where the bytes are none. */
export function decodePacket(bytes: Uint8Array): Packet {
  const type = TYPES[bytes[0] ?? -1];
  if (type === undefined)
    throw new RangeError("Cannot decode a vici packet: its type is unknown");
  if (type === "response")
    return { type, message: decodeSection(bytes.subarray(1)) };
  if (type === "request" || type === "event") {
    const { name, rest } = named(bytes);
    return { type, name, message: decodeSection(rest) };
  }
  if (type === "register" || type === "unregister")
    return { type, name: named(bytes).name };
  return { type };
}

function nameOf(name: string): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length > 0xff)
    throw new RangeError("Cannot send a vici packet: its name is too long");
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function named(bytes: Uint8Array): { name: string; rest: Uint8Array } {
  const length = bytes[1] ?? Infinity;
  if (bytes.length < 2 + length)
    throw new RangeError("Cannot decode a vici packet: its name is cut off");
  return {
    name: Buffer.from(bytes.subarray(2, 2 + length)).toString(),
    rest: bytes.subarray(2 + length),
  };
}
