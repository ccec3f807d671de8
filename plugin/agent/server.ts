import { closeSync } from "node:fs";
import {
  acceptLocal,
  listenLocal,
  peerUser,
  receiveLocal,
  sendLocal,
  type Unwatch,
  watchReadable,
} from "../../native/local.ts";
import type { Binding } from "../../native/binding.ts";
import type { Log } from "../log.ts";
import {
  type Answer,
  type CallFrame,
  decodeCall,
  encodeAnswer,
  LONGEST_CALL_BYTES,
} from "./frame.ts";

/** One call as it came: the launcher's variables, and its open files. */
export interface RemoteCall extends CallFrame {
  /** Stdin's content. */
  readonly stdin: number;
  /** The pod's namespace; absent where the launcher could not open it. */
  readonly netns?: number;
}

/** Serves one call; must not throw. */
export type Serve = (call: RemoteCall) => Answer;

/** A launcher sends its one message at once; who does not is no launcher. */
const PATIENCE_MS = 1000;

/** Calls that were accepted in one go before others get a turn. */
const MOST_AT_ONCE = 16;

/**
 * Answers calls at a socket, one after the other: every call changes the same kernel.
 *
 * @returns what stops it
 */
export function serveCalls(
  binding: Binding,
  path: string,
  { serve, log }: { serve: Serve; log: Log },
): Unwatch {
  const listener = listenLocal(binding, path);
  const unwatch = watchReadable(binding, listener, () => {
    for (let count = 0; count < MOST_AT_ONCE; count += 1) {
      const connection = acceptLocal(binding, listener);
      if (connection === undefined) return;
      serveConnection({ binding, connection, log }, serve);
    }
  });
  return () => {
    unwatch();
    closeSync(listener);
  };
}

interface Connection {
  readonly binding: Binding;
  readonly connection: number;
  readonly log: Log;
}

/** Whatever goes wrong with one connection is that caller's matter: it falls back to the full binary. */
function serveConnection(
  { binding, connection, log }: Connection,
  serve: Serve,
): void {
  const files: number[] = [connection];
  try {
    requireRoot(binding, connection);
    const message = receiveLocal(binding, connection, {
      limit: LONGEST_CALL_BYTES,
      timeoutMs: PATIENCE_MS,
    });
    files.push(...message.files);
    const [stdin, netns] = message.files;
    if (stdin === undefined)
      throw new RangeError("Cannot read a call: no stdin came along");
    const call = { ...decodeCall(message.bytes), stdin };
    const answer = serve(netns === undefined ? call : { ...call, netns });
    for (const part of encodeAnswer(answer))
      sendLocal(binding, connection, part);
  } catch (error) {
    log("warn", "a call was not answered", { error: String(error) });
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** The socket's folder lets nobody else in; a socket may still be handed on. */
function requireRoot(binding: Binding, connection: number): void {
  const user = peerUser(binding, connection);
  if (user !== 0)
    throw new RangeError(
      `Cannot serve user ${String(user)}: only root may call`,
    );
}
