import { constants } from "node:os";
import {
  decodeMessages,
  type Message,
  openTransport,
  type Transport,
  type Unwatch,
  watchReadable,
} from "../../../native/index.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type Effect, worst } from "./effect.ts";

/** Something that tells of changes. */
export interface ChangeSource {
  /**
   * Reads what is queued, and says what the worst of it means.
   *
   * @param ours the mark of a conversation of ours: what was done by it means nothing
   */
  readonly drain: (ours?: number) => Effect;
  /** Calls back whenever something is queued. */
  readonly watch: (callback: () => void) => Unwatch;
  readonly close: () => void;
}

/** Which notifications of the kernel, and what each means. */
export interface Topic {
  readonly protocol: number;
  readonly groups: readonly number[];
  readonly judge: (message: Message) => Effect;
}

/** Most notifications are far shorter; a longer one is read with a buffer of its own. */
const BUFFER_BYTES = 64 * 1024;

/** Subscribes to notifications of the kernel. Throws NetlinkError. */
export function netlinkSource(
  { binding, netns }: Kernel,
  { protocol, groups, judge }: Topic,
): ChangeSource {
  const socket = openTransport(binding, protocol, netns);
  // A group that this kernel does not have is one that it never tells of.
  for (const group of groups) binding.addMembership(socket.fd, group);
  const buffer = new Uint8Array(BUFFER_BYTES);
  return {
    drain: (ours) =>
      worst(
        receiveAll(socket, buffer, (message) =>
          message.portId === ours ? "nothing" : judge(message),
        ),
      ),
    watch: (callback) => watchReadable(binding, socket.fd, callback),
    close: () => {
      socket.close();
    },
  };
}

/** Who writes faster than we read must not keep us reading: what is left is told of again. */
const MOST_DATAGRAMS = 10_000;

/** Judges all datagrams that are queued. Where some were lost (ENOBUFS), or too many came, anything may have happened. */
export function* receiveAll(
  socket: Pick<Transport, "receive">,
  buffer: Uint8Array,
  judge: Topic["judge"],
): Generator<Effect> {
  for (let read = 0; read < MOST_DATAGRAMS; read++) {
    let space = buffer;
    let length = socket.receive(space, 0);
    if (length > space.length) {
      space = new Uint8Array(length);
      length = socket.receive(space, 0);
    }
    if (length === -constants.errno.ETIMEDOUT) return;
    yield length < 0 ? "harm" : judgeAll(space.subarray(0, length), judge);
    if (length < 0 && length !== -constants.errno.ENOBUFS) return;
  }
  yield "harm";
}

/** A message that cannot be read may be of a kernel newer than we: whoever looks for himself needs no message. */
function judgeAll(datagram: Uint8Array, judge: Topic["judge"]): Effect {
  try {
    return worst(decodeMessages(datagram).map(judge));
  } catch (error) {
    if (error instanceof RangeError) return "harm";
    throw error;
  }
}
