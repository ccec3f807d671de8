import { constants } from "node:os";
import type { Request } from "./request.ts";
import type { Transport } from "./transport.ts";
import { encodeMessages, NLM_F_REQUEST } from "../message.ts";
import type { Inbox, SequenceRange } from "./inbox.ts";

/** An open line to the kernel: where to send, where to listen, and the next sequence number. */
export interface Line {
  readonly transport: Transport;
  readonly inbox: Inbox;
  /** Longest wait for the next answer, in milliseconds. */
  readonly timeoutMs: number;
  sequence: number;
  /** In each request's nlmsg_pid, which the kernel takes over into what it tells others of it (`c.portid`, net/xfrm/xfrm_user.c). */
  readonly mark: number;
}

/** Sends the requests in one datagram, each with `flags` and NLM_F_REQUEST. Returns their numbers, or the errno (positive). */
export function sendRequests(
  line: Line,
  requests: readonly Request[],
  flags: number,
): SequenceRange | number {
  const range = { first: line.sequence, count: requests.length };
  line.sequence = (line.sequence + requests.length) >>> 0;
  const messages = requests.map((request, index) => ({
    type: request.type,
    flags: (request.flags ?? 0) | flags | NLM_F_REQUEST,
    sequence: (range.first + index) >>> 0,
    portId: line.mark,
    body: request.body,
  }));
  const sent = send(line.transport, encodeMessages(messages));
  return sent < 0 ? -sent : range;
}

function send(transport: Transport, datagram: Uint8Array): number {
  for (;;) {
    const sent = transport.send(datagram);
    if (sent !== -constants.errno.EINTR) return sent;
  }
}
