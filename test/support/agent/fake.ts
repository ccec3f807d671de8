import { closeSync, rmSync, writeFileSync } from "node:fs";
import {
  acceptLocal,
  listenLocal,
  localReceiver,
  sendLocal,
  watchReadable,
} from "../../../native/local.ts";
import { NetlinkError } from "../../../native/error.ts";
import { binding } from "../binding.ts";

/** One connection of a launcher. */
export interface FakeConnection {
  /** The launcher's message; its files are closed already. */
  readonly message: Uint8Array;
  /** Sends one message, whatever it is. */
  readonly send: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

/** Something in the agent's place. */
export interface FakeAgent extends Disposable {
  /** Calls that came so far. */
  readonly calls: readonly FakeConnection[];
}

/** The launcher leaves at the first message that it does not like: the second code where it had another one to read. */
const GONE = ["EPIPE", "ECONNRESET"];

/** Listens where an agent would, and does whatever a test wants of it with each call. */
export function fakeAgent(
  socket: string,
  answer: (connection: FakeConnection) => void,
): FakeAgent {
  const listener = listenLocal(binding, socket);
  const receive = localReceiver(binding, 1 << 17);
  const calls: FakeConnection[] = [];
  const open = new Set<number>();
  const unwatch = watchReadable(binding, listener, () => {
    const fd = acceptLocal(binding, listener);
    if (fd === undefined) return;
    open.add(fd);
    const message = receive(fd, 10_000);
    if (message === undefined) throw new Error("No call came");
    const { bytes, files } = message;
    for (const file of files) closeSync(file);
    const connection: FakeConnection = {
      message: bytes,
      send: (part) => {
        try {
          sendLocal(binding, fd, part);
        } catch (error) {
          if (!(error instanceof NetlinkError && GONE.includes(error.code)))
            throw error;
        }
      },
      close: () => {
        if (open.delete(fd)) closeSync(fd);
      },
    };
    calls.push(connection);
    answer(connection);
  });
  return {
    calls,
    [Symbol.dispose]: () => {
      unwatch();
      closeSync(listener);
      for (const { close } of calls) close();
    },
  };
}

/** A header as the agent sends it: magic, exit code and lengths. */
export function answerHeader({
  magic = "CLK1",
  code = 0,
  stdout = 0,
  stderr = 0,
}): Buffer {
  const header = Buffer.alloc(16);
  header.write(magic, "latin1");
  [code, stdout, stderr].forEach((value, index) => {
    header.writeUInt32LE(value, 4 + 4 * index);
  });
  return header;
}

/** In place of the full binary: a script that says it was asked, and what it read. */
export function writeStandIn(path: string): void {
  const script =
    '#!/bin/sh\nprintf "full binary, %s bytes" "$(wc -c)"\nexit 7\n';
  // What is there is a link to the real one, which must not be written through.
  rmSync(path, { force: true });
  writeFileSync(path, script, { mode: 0o755 });
}
