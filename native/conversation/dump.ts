import { constants } from "node:os";
import type { Request } from "./request.ts";
import { NetlinkError } from "../error.ts";
import {
  type Message,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from "../message.ts";
import { decodeVerdict } from "./ack.ts";
import type { SequenceRange } from "./inbox.ts";
import { type Line, sendRequests } from "./line.ts";

const { EINTR, ENOBUFS, ETIMEDOUT } = constants.errno;

// After a loss the end of the dump may be lost too: wait only briefly for it, then start again.
const DRAIN_MS = 50;

/** How a dump is read. */
interface Reading<Item> {
  /** How often it is started in all. */
  readonly attempts: number;
  readonly read: (message: Message) => Item;
}

/**
 * What was read of every message of one whole dump. Starts again where it was torn: changed under way (NLM_F_DUMP_INTR),
 * interrupted (EINTR) or partly lost (ENOBUFS). Throws NetlinkError, and what reading throws.
 */
export function dumpWhole<Item>(
  line: Line,
  request: Request,
  { attempts, read }: Reading<Item>,
): Item[] {
  for (let attempt = 1; ; attempt++) {
    const dump = readDump(line, request, read);
    if (dump.torn === 0) return itemsOf(dump);
    if (attempt >= attempts) throw new NetlinkError(request, dump.torn);
  }
}

function itemsOf<Item>({ items, unreadable }: Dump<Item>): Item[] {
  if (unreadable !== undefined) throw unreadable.reason;
  return items;
}

interface Dump<Item> {
  readonly items: Item[];
  /** Why the first message could not be read that could not. */
  unreadable?: { readonly reason: unknown };
  /** The errno that makes what was read useless, else 0. */
  torn: number;
  done: boolean;
}

// A torn dump is read to its end all the same: the kernel refuses a second one on the socket (EBUSY) before.
function readDump<Item>(
  line: Line,
  request: Request,
  read: Reading<Item>["read"],
): Dump<Item> {
  const dump: Dump<Item> = { items: [], torn: 0, done: false };
  const range = sendRequests(line, [request], NLM_F_DUMP);
  if (typeof range === "number") throw new NetlinkError(request, range);
  while (!dump.done) {
    const lost = dump.torn === ENOBUFS;
    const received = line.inbox.next(range, lost ? DRAIN_MS : line.timeoutMs);
    if (received === ETIMEDOUT && lost) return dump;
    if (received === ENOBUFS) dump.torn = ENOBUFS;
    else if (typeof received === "number") {
      drain(line, range);
      throw new NetlinkError(request, received);
    } else
      for (const message of received.filter((one) =>
        isItem(dump, request, one),
      ))
        take(dump, message, read);
  }
  return dump;
}

function take<Item>(
  dump: Dump<Item>,
  message: Message,
  read: Reading<Item>["read"],
): void {
  if (dump.unreadable !== undefined) return;
  try {
    dump.items.push(read(message));
  } catch (reason) {
    dump.unreadable = { reason };
  }
}

/** Whoever has the failure may ask for something else by the same line. */
function drain(line: Line, range: SequenceRange): void {
  while (typeof line.inbox.next(range, 0) !== "number");
}

/** Heeds what a message says of the dump. Returns whether it is one of the items. */
function isItem(dump: Progress, request: Request, message: Message): boolean {
  if ((message.flags & NLM_F_DUMP_INTR) !== 0) dump.torn ||= EINTR;
  if (message.type === NLMSG_OVERRUN) dump.torn = ENOBUFS;
  else if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR)
    finish(dump, request, message);
  else return message.type !== NLMSG_NOOP;
  return false;
}

type Progress = Pick<Dump<unknown>, "torn" | "done">;

function finish(dump: Progress, request: Request, message: Message): void {
  const { errno, extack } =
    message.body.length === 0 ? { errno: 0 } : decodeVerdict(message);
  if (errno === EINTR) dump.torn ||= EINTR;
  else if (errno !== 0) throw new NetlinkError(request, errno, extack);
  dump.done = true;
}
