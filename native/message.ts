import { u16, u32 } from "./field.ts";
import { struct } from "./layout.ts";

/** A netlink message: the fields of its `struct nlmsghdr` (include/uapi/linux/netlink.h) and the bytes after it. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  readonly body: Uint8Array;
}

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
/** The dump changed while it ran: what was read is not one state. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** On an error: the request's body is not repeated in it. */
export const NLM_F_CAPPED = 0x100;
/** On an error: extended-ack attributes follow. */
export const NLM_F_ACK_TLVS = 0x200;

/** `struct nlmsghdr` */
export const nlmsghdr = struct("nlmsghdr", 16, {
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});

const HEADER = nlmsghdr.size;

/** The message as it goes on the wire, padded with zeros to 4 bytes; its length field does not count the padding. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeMessages([message]);
}

/** Several messages one after the other, for one datagram. */
export function encodeMessages(messages: readonly Message[]): Uint8Array {
  const result = new Uint8Array(
    messages.reduce(
      (total, { body }) => total + HEADER + align(body.length),
      0,
    ),
  );
  const view = new DataView(result.buffer);
  let offset = 0;
  for (const { type, flags, sequence, portId, body } of messages) {
    const header = {
      nlmsg_len: HEADER + body.length,
      nlmsg_type: type,
      nlmsg_flags: flags,
      nlmsg_seq: sequence,
      nlmsg_pid: portId,
    };
    nlmsghdr.write(view, offset, header);
    result.set(body, offset + HEADER);
    offset += HEADER + align(body.length);
  }
  return result;
}

/** The messages of one datagram. Bodies are views of it, not copies. RangeError on a length that does not fit. */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const view = new DataView(
    datagram.buffer,
    datagram.byteOffset,
    datagram.length,
  );
  const result: Message[] = [];
  let offset = 0;
  while (offset < datagram.length) {
    const length = lengthAt(view, offset);
    result.push({
      type: u16.read(view, offset + 4),
      flags: u16.read(view, offset + 6),
      sequence: u32.read(view, offset + 8),
      portId: u32.read(view, offset + 12),
      body: new Uint8Array(
        datagram.buffer,
        datagram.byteOffset + offset + HEADER,
        length - HEADER,
      ),
    });
    offset += align(length);
  }
  return result;
}

function lengthAt(view: DataView, offset: number): number {
  const left = view.byteLength - offset;
  if (left < HEADER)
    throw new RangeError(
      `Cannot decode a message at ${offset}: ${left} bytes are left`,
    );
  const length = u32.read(view, offset);
  if (length < HEADER || length > left)
    throw new RangeError(
      `Cannot decode a message at ${offset}: its length ${length} is not from ${HEADER} to ${left}`,
    );
  return length;
}

// #define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )
// The last message of a datagram may lack its padding, as NLMSG_OK() allows.
function align(length: number): number {
  return (length + 3) & ~3;
}
