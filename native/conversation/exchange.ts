import { constants } from "node:os";
import type { Answer, Request } from "./request.ts";
import { NetlinkError } from "../error.ts";
import {
  type Message,
  NLM_F_ACK,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from "../message.ts";
import { decodeVerdict } from "./ack.ts";
import { placeIn, type SequenceRange } from "./inbox.ts";
import { type Line, sendRequests } from "./line.ts";

/** The answers, one a request; `failure` is the errno that ended the exchange before all were there, else 0. */
export interface Exchanged {
  readonly answers: readonly Answer[];
  readonly failure: number;
}

/**
 * Sends the requests in one datagram, each with `flags` added, and collects their answers: acks where `NLM_F_ACK` asks for them,
 * or else, for questions, one reply each. Does not throw for the kernel's errors; where the transport itself fails, that is the
 * error of every request it left unanswered.
 */
export function exchange(
  line: Line,
  requests: readonly Request[],
  { flags = 0, questions = false }: SendOptions,
): Exchanged {
  const answers = requests.map((request): Pending => ({
    request,
    replies: [],
    expected: questions || expectsAck(request, flags),
    endsWithReply: questions,
  }));
  const sent = sendRequests(line, requests, flags);
  const failure =
    typeof sent === "number" ? sent : collect(line, sent, answers);
  // A datagram that was never sent leaves all unanswered; one that was, those that miss theirs.
  const unanswered =
    typeof sent === "number"
      ? answers
      : answers.filter(({ expected }) => expected);
  if (failure !== 0) for (const answer of unanswered) settle(answer, failure);
  return { answers, failure };
}

/** How requests are sent, and when each is done. */
export interface SendOptions {
  /** Added to each request's own. */
  readonly flags?: number;
  /** Each is replied to by one message or an error: to wait for an ack behind it would double what is received. */
  readonly questions?: boolean;
}

interface Pending extends Answer {
  readonly request: Request;
  readonly replies: Message[];
  error?: NetlinkError;
  /** Whether what ends it, an ack or a reply, is still to come. */
  expected: boolean;
  readonly endsWithReply: boolean;
}

function expectsAck(request: Request, flags: number): boolean {
  return (((request.flags ?? 0) | flags) & NLM_F_ACK) !== 0;
}

// Returns 0, or the errno that ended the wait. The kernel works while sendmsg(2) runs, so that once a request outside of
// the count has failed (an nf_tables batch as a whole, by its BATCH_BEGIN) whatever will come is queued already.
function collect(
  line: Line,
  range: SequenceRange,
  answers: readonly Pending[],
): number {
  let abandoned = false;
  while (answers.some(({ expected }) => expected)) {
    const received = line.inbox.next(range, abandoned ? 0 : line.timeoutMs);
    if (received === constants.errno.ETIMEDOUT && abandoned) return 0;
    if (typeof received === "number") return received;
    for (const message of received) {
      const answer = answers[placeIn(range, message.sequence)];
      if (message.type === NLMSG_OVERRUN) return constants.errno.ENOBUFS;
      if (answer !== undefined && take(answer, message)) abandoned = true;
    }
  }
  return 0;
}

// Whether this was the failure of a request that no ack was expected for.
function take(answer: Pending, message: Message): boolean {
  if (message.type === NLMSG_NOOP) return false;
  if (message.type !== NLMSG_ERROR) {
    answer.replies.push(message);
    if (answer.endsWithReply) answer.expected = false;
    return false;
  }
  const { errno, extack } = decodeVerdict(message);
  const unexpected = errno !== 0 && !answer.expected;
  if (errno !== 0)
    answer.error = new NetlinkError(answer.request, errno, extack);
  answer.expected = false;
  return unexpected;
}

function settle(answer: Pending, errno: number): void {
  answer.error = new NetlinkError(answer.request, errno);
  answer.expected = false;
}
