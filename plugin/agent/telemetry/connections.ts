import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Scrapers come one at a time, and ask at once. */
const MOST_CONNECTIONS = 16;

/** How long a connection may say nothing that makes a request, and how long it may last in all: in milliseconds. */
const REQUEST_MS = 2_000;
const LIFE_MS = 10_000;

/**
 * Keeps whoever may connect from keeping others out: a connection that asks nothing, or reads its answer slowly, is closed,
 * and where there are too many the one that came first makes room for the one that comes.
 *
 * Not `maxConnections`, which turns away the latest: at a loopback port any user of the node can hold as many open.
 */
export function limitConnections(server: Server): void {
  const open = new Map<Socket, NodeJS.Timeout>();
  const closeIn = (socket: Socket, milliseconds: number): void => {
    clearTimeout(open.get(socket));
    open.set(
      socket,
      setTimeout(() => socket.destroy(), milliseconds),
    );
  };
  server.on("connection", (socket) => {
    closeIn(socket, REQUEST_MS);
    socket.on("close", () => {
      clearTimeout(open.get(socket));
      open.delete(socket);
    });
    const [oldest] = open.keys();
    if (open.size > MOST_CONNECTIONS) oldest?.destroy();
  });
  server.on("request", ({ socket }) => {
    if (open.has(socket)) closeIn(socket, LIFE_MS);
  });
}
