import { closeSync, fstatSync, type Stats } from "node:fs";
import {
  acceptLocal,
  type Binding,
  listenLocal,
  localReceiver,
  peerUser,
  type ReceiveLocal,
  sendLocal,
  type Unwatch,
  watchReadable,
} from "../../../native/index.ts";
import type { Log } from "../../kernel/log.ts";
import {
  type CallAnswer,
  type CallFiles,
  type CallFrame,
  decodeCall,
  encodeAnswer,
  type Left,
  LONGEST_CALL_BYTES,
  nameFiles,
} from "./frame.ts";

/** One call as it came: the launcher's variables, and its open files. */
export interface RemoteCall extends CallFrame, CallFiles {}

/** Serves one call, or leaves it to the full binary. Must not throw. */
type Serve = (call: RemoteCall) => CallAnswer | Left;

/** Who serves whom. */
export interface Service {
  readonly serve: Serve;
  readonly log: Log;
  /** The file of the network namespace that is served; calls from any other are refused. */
  readonly network: Pick<Stats, "ino" | "dev">;
}

/** A launcher sends its one message at once; who does not is no launcher. */
const PATIENCE_MS = 1000;

/** Calls that are accepted in one go before others get a turn. */
const MOST_AT_ONCE = 16;

/**
 * Answers calls at a socket, one after the other: every call changes the same kernel.
 *
 * @returns what stops it
 */
export function serveCalls(
  binding: Binding,
  path: string,
  service: Service,
): Unwatch {
  const listener = listenLocal(binding, path);
  const waiting = new Set<() => void>();
  const receive = localReceiver(binding, LONGEST_CALL_BYTES);
  const unwatch = watchReadable(binding, listener, () => {
    for (let count = 0; count < MOST_AT_ONCE; count += 1) {
      const connection = acceptLocal(binding, listener);
      if (connection === undefined) return;
      const connected = { binding, connection, receive, waiting };
      // Most have sent their call by the time that they are seen.
      if (!serveConnection(connected, service)) awaitCall(connected, service);
    }
  });
  return () => {
    unwatch();
    closeSync(listener);
    for (const giveUp of waiting) giveUp();
  };
}

interface Connection {
  readonly binding: Binding;
  readonly connection: number;
  readonly receive: ReceiveLocal;
  /** What gives up each connection whose call has not come yet. */
  readonly waiting: Set<() => void>;
}

/** Others are served while one caller takes its time. */
function awaitCall(connected: Connection, service: Service): void {
  const { binding, connection, waiting } = connected;
  const finish = (): void => {
    clearTimeout(timer);
    waiting.delete(giveUp);
    unwatch();
  };
  const giveUp = (): void => {
    finish();
    closeSync(connection);
  };
  const unwatch = watchReadable(binding, connection, () => {
    finish();
    if (!serveConnection(connected, service)) awaitCall(connected, service);
  });
  const timer = setTimeout(giveUp, PATIENCE_MS);
  waiting.add(giveUp);
}

/**
 * Serves the call that a connection brought, and closes it; whatever goes wrong is that caller's matter, who falls back to
 * the full binary.
 *
 * @returns false where the call has not come yet: nothing was done then
 */
function serveConnection(
  { binding, connection, receive }: Connection,
  service: Service,
): boolean {
  const files: number[] = [];
  try {
    requireRoot(binding, connection);
    const message = receive(connection, 0);
    if (message === undefined) return false;
    files.push(...message.files);
    const call = { ...decodeCall(message.bytes), ...nameFiles(message.files) };
    requireSameNetwork(call, service);
    if (isGone(receive, connection))
      throw new RangeError("Cannot serve a call: its caller is gone");
    const answer = service.serve(call);
    if ("left" in answer)
      throw new RangeError(`Cannot serve a call: ${answer.left}`);
    for (const part of encodeAnswer(answer))
      sendLocal(binding, connection, part);
  } catch (error) {
    service.log("warn", "a call was not answered", { error: String(error) });
  } finally {
    for (const file of files) closeSync(file);
  }
  closeSync(connection);
  return true;
}

/** The socket's folder lets nobody else in; a socket may still be handed on. */
function requireRoot(binding: Binding, connection: number): void {
  const user = peerUser(binding, connection);
  if (user !== 0)
    throw new RangeError(
      `Cannot serve user ${String(user)}: only root may call`,
    );
}

/** Several nodes on one machine may see one socket: a pod of another node must not be wired up in this one. */
function requireSameNetwork(call: CallFiles, { network }: Service): void {
  const { ino, dev } = fstatSync(call.network);
  if (ino === network.ino && dev === network.dev) return;
  throw new RangeError(
    "Cannot serve a call from another network namespace than the agent's",
  );
}

/**
 * Whether the caller no longer waits, because the agent was stopped for a while and the full binary
 * has served the call since: doing it now might undo what came after.
 */
function isGone(receive: ReceiveLocal, connection: number): boolean {
  try {
    // A launcher sends one message: what comes after it is the end.
    return receive(connection, 0) !== undefined;
  } catch {
    return true; // ECONNRESET
  }
}
