import { constants } from "node:os";
import { dumpWhole } from "./conversation/dump.ts";
import { exchange, type SendOptions } from "./conversation/exchange.ts";
import { openInbox } from "./conversation/inbox.ts";
import type { Line } from "./conversation/line.ts";
import { NetlinkError } from "./error.ts";
import { type Message, NLM_F_ACK } from "./message.ts";
import type { Answer, Request } from "./conversation/request.ts";
import type { Transport } from "./conversation/transport.ts";

export type { Answer, Request } from "./conversation/request.ts";
export type { Transport } from "./conversation/transport.ts";

/** Requests and answers over one netlink socket. Every method waits a bounded time and then throws ETIMEDOUT. */
export interface Conversation {
  /** In the notifications of what was done by it; 0 where it has none. */
  readonly mark: number;
  /** Sends with `NLM_F_ACK`, and waits for the ack. Throws NetlinkError. */
  execute(request: Request): void;
  /** Sends many in few datagrams, each with `NLM_F_ACK`; one failure does not stop the others. One result a request, in order. */
  executeAll(requests: readonly Request[]): (NetlinkError | undefined)[];
  /** For a request that one message replies to: that message. Throws NetlinkError. */
  ask(request: Request): Message;
  /** The same for many, each replied to by little. One answer a request, in order; does not throw. */
  askAll(requests: readonly Request[]): Answer[];
  /** Sends with `NLM_F_DUMP`; returns every message of the dump. Starts again, a bounded number of times, where it was torn. */
  dump(request: Request): Message[];
  /** The same, each message read as it comes: where nothing of it is kept, no more than a datagram of a large dump is in memory. */
  dumpRead<Item>(request: Request, read: (message: Message) => Item): Item[];
  /**
   * Sends all in one datagram, flags as they are (`NLM_F_REQUEST` added), and collects an answer for each. For an nf_tables batch:
   * BATCH_BEGIN, operations, BATCH_END, with `NLM_F_ACK` on the last operation at least. Done when all that have
   * `NLM_F_ACK` are answered; after an error on one that has not (BATCH_BEGIN's, say), when nothing more is queued.
   */
  exchange(requests: readonly Request[]): Answer[];
  close(): void;
}

/** How patient a conversation is. */
export interface Patience {
  /** Longest wait for the kernel's next answer, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
  /** How often a torn dump is started in all. Default 10. */
  readonly dumpAttempts?: number;
}

/** What a conversation is known by. */
export interface Marked {
  /** See {@link Conversation.mark}. Default 0, as everybody has it. */
  readonly mark?: number;
}

// A datagram's acks must fit the receive buffer, each of about 1 KiB as the kernel counts it; where SO_RCVBUFFORCE was
// refused that is 416 KiB (net.core.rmem_max, doubled). The datagram itself must fit the send buffer, 208 KiB.
const CHUNK_REQUESTS = 128;
const CHUNK_BYTES = 64 * 1024;
// A reply takes a page and more in there (NLMSG_GOODSIZE), besides its ack.
const CHUNK_QUESTIONS = 64;

/** Holds conversations over this transport, which it then owns. */
export function converse(
  transport: Transport,
  options: Patience & Marked = {},
): Conversation {
  const { timeoutMs = 2000, dumpAttempts = 10, mark = 0 } = options;
  const line: Line = {
    transport,
    inbox: openInbox(transport),
    timeoutMs,
    mark,
    sequence: 1,
  };
  const readWhole: Conversation["dumpRead"] = (request, read) =>
    dumpWhole(line, request, { attempts: dumpAttempts, read });
  return {
    mark,
    execute: (request) => {
      alone(line, request, { flags: NLM_F_ACK });
    },
    executeAll: (requests) =>
      exchangeAll(line, chunks(requests, CHUNK_REQUESTS), {
        flags: NLM_F_ACK,
      }).map(({ error }) => error),
    ask: (request) => ask(line, request),
    askAll: (requests) =>
      exchangeAll(line, chunks(requests, CHUNK_QUESTIONS), { questions: true }),
    dump: (request) => readWhole(request, (message) => message),
    dumpRead: readWhole,
    exchange: (requests) => [...exchange(line, requests, {}).answers],
    close: () => {
      transport.close();
    },
  };
}

function alone(
  line: Line,
  request: Request,
  options: SendOptions,
): readonly Message[] {
  const [answer] = exchange(line, [request], options).answers;
  if (answer?.error !== undefined) throw answer.error;
  return answer?.replies ?? [];
}

function ask(line: Line, request: Request): Message {
  const [reply] = alone(line, request, { questions: true });
  if (reply === undefined)
    throw new NetlinkError(request, constants.errno.ENODATA);
  return reply;
}

// Once the transport itself has failed, the rest is not tried: each chunk would wait its whole time again.
function exchangeAll(
  line: Line,
  chunked: readonly (readonly Request[])[],
  options: SendOptions,
): Answer[] {
  let failure = 0;
  return chunked.flatMap((chunk): readonly Answer[] => {
    if (failure !== 0)
      return chunk.map((request) => ({
        replies: [],
        error: new NetlinkError(request, failure),
      }));
    const exchanged = exchange(line, chunk, options);
    failure = exchanged.failure;
    return exchanged.answers;
  });
}

function chunks(requests: readonly Request[], most: number): Request[][] {
  const result: Request[][] = [];
  let size = Infinity;
  for (const request of requests) {
    size += request.body.length;
    const last = result.at(-1);
    if (last !== undefined && size <= CHUNK_BYTES && last.length < most)
      last.push(request);
    else {
      result.push([request]);
      size = request.body.length;
    }
  }
  return result;
}
