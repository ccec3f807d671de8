import { connect, type Socket } from "node:net";
import type { Section } from "./message.ts";
import { encodePacket, type Packet } from "./packet.ts";
import { packetsFrom } from "./stream.ts";

/** A conversation with charon. Requests are answered in their order; events come in between. */
export interface ViciClient {
  /** Sends a command and waits for the answer. Rejects with what charon says is wrong, or when the conversation ends. */
  readonly request: (command: string, message?: Section) => Promise<Section>;
  /**
   * Sends a command whose answer is streamed as events, such as `list-sas`: hands each to `each`, and resolves when
   * the command is done.
   */
  readonly stream: (
    command: string,
    event: string,
    each: (message: Section) => void,
  ) => Promise<void>;
  /** Has events of a name handed over until the conversation ends. */
  readonly listen: (
    event: string,
    each: (message: Section) => void,
  ) => Promise<void>;
  readonly close: () => void;
}

/** How long charon may take for an answer, in milliseconds: what takes longer hangs. */
const PATIENCE_MS = 10_000;

/** How a conversation goes; tests wait less. */
interface ViciOptions {
  readonly patienceMs?: number;
  /** Called once, when the conversation has ended for whatever reason. */
  readonly onEnd?: (reason: Error) => void;
}

/** Questions that wait for their answers, which come in the same order and carry no number. */
interface Turns {
  readonly add: (
    resolve: (packet: Packet) => void,
    reject: (reason: Error) => void,
  ) => void;
  /** Gives an answer to who waits for it. Returns whether anybody did. */
  readonly answer: (packet: Packet) => boolean;
  readonly failAll: (reason: Error) => void;
}

/** After an answer that never came, the next would be taken for it: so `onLate` has to end the conversation. */
function waitingTurns(patienceMs: number, onLate: () => void): Turns {
  const turns: {
    readonly resolve: (packet: Packet) => void;
    readonly reject: (reason: Error) => void;
    readonly timer: NodeJS.Timeout;
  }[] = [];
  return {
    add: (resolve, reject) => {
      turns.push({ resolve, reject, timer: setTimeout(onLate, patienceMs) });
    },
    answer: (packet) => {
      const turn = turns.shift();
      clearTimeout(turn?.timer);
      turn?.resolve(packet);
      return turn !== undefined;
    },
    failAll: (reason) => {
      for (const { reject, timer } of turns.splice(0)) {
        clearTimeout(timer);
        reject(reason);
      }
    },
  };
}

/** Connects to charon's vici socket. Rejects with the system's error where nobody listens. */
export function openVici(
  path: string,
  { patienceMs = PATIENCE_MS, onEnd = () => undefined }: ViciOptions = {},
): Promise<ViciClient> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(converse(socket, patienceMs, onEnd));
    });
  });
}

function converse(
  socket: Socket,
  patienceMs: number,
  onEnd: (reason: Error) => void,
): ViciClient {
  const listeners: Listeners = new Map();
  let ended: Error | undefined;
  const end = (reason: Error): void => {
    if (ended !== undefined) return;
    ended = reason;
    socket.destroy();
    turns.failAll(reason);
    onEnd(reason);
  };
  const turns = waitingTurns(patienceMs, () => {
    end(new Error(`charon did not answer within ${patienceMs / 1000} s`));
  });
  const take = (packet: Packet): void => {
    if (packet.type === "event") listeners.get(packet.name)?.(packet.message);
    else if (!turns.answer(packet))
      end(new Error("charon answered what nobody asked"));
  };
  hear(socket, take, end);
  const ask: Ask = (packet) =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      const bytes = encodePacket(packet);
      turns.add(resolve, reject);
      socket.write(bytes);
    });
  return clientOf(ask, listeners, () => {
    end(new Error("the conversation with charon was closed"));
  });
}

type Ask = (packet: Packet) => Promise<Packet>;
type Listeners = Map<string, (message: Section) => void>;

function hear(
  socket: Socket,
  take: (packet: Packet) => void,
  end: (reason: Error) => void,
): void {
  const cut = packetsFrom();
  socket.on("data", (chunk) => {
    try {
      for (const packet of cut(chunk)) take(packet);
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on("error", end);
  socket.on("close", () => {
    end(new Error("charon closed the conversation"));
  });
}

function clientOf(
  ask: Ask,
  listeners: Listeners,
  close: () => void,
): ViciClient {
  const request: ViciClient["request"] = async (name, message = {}) => {
    const answer = await ask({ type: "request", name, message });
    if (answer.type !== "response")
      throw new Error(`Cannot ask charon: it does not know "${name}"`);
    refuse(name, answer.message);
    return answer.message;
  };
  const listen: ViciClient["listen"] = async (name, each) => {
    listeners.set(name, each);
    const answer = await ask({ type: "register", name });
    if (answer.type !== "confirm")
      throw new Error(`Cannot hear of "${name}": charon does not know it`);
  };
  const stream: ViciClient["stream"] = async (command, event, each) => {
    await listen(event, each);
    try {
      await request(command);
    } finally {
      listeners.delete(event);
      await ask({ type: "unregister", name: event });
    }
  };
  return { request, stream, listen, close };
}

/** charon says `success: no` and why; what we sent is not repeated, since it may hold a secret. */
function refuse(command: string, answer: Section): void {
  if (answer["success"] !== "no") return;
  const reason = answer["errmsg"];
  throw new Error(
    `charon refused "${command}": ${typeof reason === "string" ? reason : "no reason given"}`,
  );
}
