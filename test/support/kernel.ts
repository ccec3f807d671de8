import { constants } from "node:os";
import {
  converse,
  type Request,
  type Transport,
} from "../../native/conversation.ts";
import { NetlinkError } from "../../native/error.ts";
import {
  attrString,
  attrU32,
  encodeAttributes,
} from "../../native/attribute.ts";
import { i32 } from "../../native/field.ts";
import { encode, joinBytes } from "../../native/layout.ts";
import {
  decodeMessages,
  encodeMessages,
  type Message,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  nlmsghdr,
} from "../../native/message.ts";

/** What a receive gives: a datagram, or -errno. */
export type Delivery = Uint8Array | number;

/** A transport whose kernel is a function from the messages of one datagram to what arrives because of them. */
export interface PretendedKernel extends Transport {
  /** Every datagram sent so far. */
  readonly sent: readonly (readonly Message[])[];
  readonly closed: () => boolean;
}

/** The port id that a pretended kernel's socket has: beyond 2^31, as the kernel's second socket of a process gets it. */
export const PORT_ID = 0xf1234567;

/** A transport over `answer`. A receive when nothing is queued times out at once, as if the time had passed. */
export function pretendKernel(
  answer: (messages: readonly Message[]) => readonly Delivery[],
): PretendedKernel {
  const queue: Delivery[] = [];
  const sent: Message[][] = [];
  let closed = false;
  return {
    portId: PORT_ID,
    sent,
    closed: () => closed,
    send: (datagram) => {
      const messages = decodeMessages(Uint8Array.from(datagram));
      sent.push(messages);
      queue.push(...answer(messages));
      return datagram.length;
    },
    receive: (buffer) => {
      const [first] = queue;
      if (first === undefined) return -constants.errno.ETIMEDOUT;
      if (typeof first === "number" || first.length <= buffer.length)
        queue.shift();
      if (typeof first === "number") return first;
      if (first.length <= buffer.length) buffer.set(first);
      return first.length;
    },
    close: () => {
      closed = true;
    },
  };
}

/** One datagram of several messages. */
export function datagram(...messages: readonly Message[]): Uint8Array {
  return encodeMessages(messages);
}

/** A message that answers `request`. */
export function reply(request: Message, part: Partial<Message> = {}): Message {
  return {
    type: 0x4242,
    flags: 0,
    sequence: request.sequence,
    portId: PORT_ID,
    body: new Uint8Array(0),
    ...part,
  };
}

/** An ack, or with an errno (positive) an error; `extack` as the kernel appends it. */
export function ack(
  request: Message,
  errno = 0,
  extack?: { message?: string; offset?: number },
): Message {
  const tlvs = extack === undefined ? new Uint8Array(0) : encodeExtack(extack);
  const body = joinBytes([encode(i32, -errno), headerOf(request), tlvs]);
  return reply(request, {
    type: NLMSG_ERROR,
    flags: NLM_F_CAPPED | (extack === undefined ? 0 : NLM_F_ACK_TLVS),
    body,
  });
}

/** One item of a dump. */
export function item(request: Message, value: number, flags = 0): Message {
  return reply(request, {
    flags: NLM_F_MULTI | flags,
    body: Uint8Array.of(value),
  });
}

/** The end of a dump. */
export function done(request: Message, errno = 0, flags = 0): Message {
  return reply(request, {
    type: NLMSG_DONE,
    flags: NLM_F_MULTI | flags,
    body: encode(i32, -errno),
  });
}

/** The attributes of an extended ack. */
export function encodeExtack({
  message,
  offset,
}: {
  message?: string;
  offset?: number;
}): Uint8Array {
  return encodeAttributes([
    ...(message === undefined ? [] : [attrString(1, message)]),
    ...(offset === undefined ? [] : [attrU32(2, offset)]),
  ]);
}

/** A request that means nothing. */
export function request(part: Partial<Request> = {}): Request {
  return {
    operation: "OPERATION",
    type: 0x20,
    body: Uint8Array.of(1, 2, 3, 4),
    ...part,
  };
}

/** Requests `OPERATION_0`, `OPERATION_1` … */
export function requests(count: number, body = new Uint8Array(4)): Request[] {
  return Array.from({ length: count }, (_, index) =>
    request({ operation: `OPERATION_${index}`, body }),
  );
}

/** A conversation with a kernel that answers each message by itself, all answers in datagrams of their own. */
export function converseWith(answer: (message: Message) => Delivery[]) {
  const kernel = pretendKernel((messages) => messages.flatMap(answer));
  return { kernel, conversation: converse(kernel) };
}

/** A conversation with a kernel that answers the first datagram with the first list, the second with the second … */
export function converseInTurn(...turns: ((first: Message) => Delivery[])[]) {
  const kernel = pretendKernel(
    ([first]) => (first && turns[kernel.sent.length - 1]?.(first)) ?? [],
  );
  return { kernel, conversation: converse(kernel) };
}

/** The code of the NetlinkError that `action` throws; undefined where it throws none. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof NetlinkError) return error.code;
    throw error;
  }
  return undefined;
}

function headerOf({ type, flags, sequence, body }: Message): Uint8Array {
  return encode(nlmsghdr, {
    nlmsg_len: nlmsghdr.size + body.length,
    nlmsg_type: type,
    nlmsg_flags: flags,
    nlmsg_seq: sequence,
  });
}
