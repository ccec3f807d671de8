import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Ended } from "./lane.ts";
import type { Request, Resident } from "./resident.ts";

/** What a resident guest answers another process with, a JSON value a line. */
export type Answer =
  | { readonly output: string }
  | { readonly ended: Ended }
  | { readonly failed: string };

/** Lets other processes use a resident guest through a socket: a connection a scene. See ask.ts. */
export function serveGuest(resident: Resident, path: string): Disposable {
  const server = createServer((socket) => {
    // Who asked has gone: nobody is there to be told.
    socket.on("error", () => undefined);
    createInterface(socket).once("line", (line) => {
      void answer(resident, JSON.parse(line) as Request, socket);
    });
  }).listen(path);
  return {
    [Symbol.dispose]: () => {
      server.close();
    },
  };
}

async function answer(
  resident: Resident,
  request: Request,
  socket: Socket,
): Promise<void> {
  const say = (answered: Answer) =>
    socket.write(`${JSON.stringify(answered)}\n`);
  try {
    say({ ended: await resident.run(request, (output) => say({ output })) });
  } catch (error) {
    say({ failed: (error as Error).message });
  }
  socket.end();
}
