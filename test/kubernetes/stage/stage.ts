import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bundle } from "../../support/guest/bundle.ts";
import { bootHere } from "./here.ts";
import { bootGuest } from "./guest.ts";
import { passOn } from "./pass-on.ts";
import type { Ran, Wish } from "./wish.ts";

/** A guest, or namespaces of this machine's. */
export type Place = "guest" | "here";

/** How a command in the guest went. */
export type Outcome = Omit<Ran, "id">;

/** Where all nodes are: a guest, or this machine's own kernel. */
export interface Stage extends AsyncDisposable {
  /** Has a port of the host's loopback found at 10.0.2.2 of the stage. */
  readonly open: (port: number) => Promise<void>;
  /** Runs a command outside of all nodes, whatever its outcome. */
  readonly try: (
    command: readonly string[],
    input?: string,
  ) => Promise<Outcome>;
  /** Runs a command outside of all nodes; what it printed. Throws where it fails. */
  readonly run: (command: readonly string[], input?: string) => Promise<string>;
}

/**
 * Makes a stage with the internet in it (guest.sh, here.sh), and a conductor that runs what it is told from this process.
 *
 * @param folder for its files
 */
export async function startStage(folder: string, place: Place): Promise<Stage> {
  const isGuest = place === "guest";
  const server = createServer().listen(
    isGuest ? { port: 0, host: "127.0.0.1" } : join(folder, "conductor.sock"),
  );
  await once(server, "listening");
  const address = server.address();
  const where = typeof address === "string" ? address : String(address?.port);
  const token = randomUUID();
  const program = await bundle(
    join(import.meta.dirname, "conductor.ts"),
    folder,
  );
  const conductor = [process.execPath, program, where, token];
  const script = join(import.meta.dirname, "guest.sh");
  const guest = isGuest
    ? await bootGuest(["bash", script, ...conductor])
    : bootHere(conductor);
  const socket = await Promise.race([
    greeted(server, token),
    guest.ended.then(failed),
  ]);
  const ask = asker(socket);
  const tryIt: Stage["try"] = (command, input) =>
    Promise.race([ask(command, input), guest.ended.then(failed)]);
  const relays: Server[] = [];
  return {
    open: async (port) => {
      if (isGuest) return;
      const file = join(folder, `${port}.sock`);
      relays.push(relayTo(port).listen(file));
      const relay = join(import.meta.dirname, "relay.ts");
      const start = `setsid "$0" "$@" >/nodes/relay.$2.log 2>&1 </dev/null &`;
      const words = [process.execPath, relay, `${port}`, file];
      await tryIt(["bash", "-c", start, ...words]);
    },
    try: tryIt,
    run: async (command, input) => {
      const { status, stdout, stderr } = await tryIt(command, input);
      if (status === 0) return stdout;
      throw new Error(
        `Cannot run "${command.join(" ")}" on the stage: exit code ${status}: ${stderr}${stdout}`,
      );
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      for (const each of [server, ...relays]) each.close();
      guest.end();
      await guest.ended;
    },
  };
}

/** Hands on who comes to a port of the machine's loopback. */
function relayTo(port: number): Server {
  return createServer((near) => {
    passOn(near, connect(port, "127.0.0.1"));
  });
}

function failed(output: string): never {
  throw new Error(`The stage has ended:\n${output}`);
}

/** The conductor's connection: others on this machine may find the port, but not the token. */
async function greeted(
  server: ReturnType<typeof createServer>,
  token: string,
): Promise<Socket> {
  return new Promise((resolve) => {
    server.on("connection", (socket: Socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (said) => {
        if (said.toString().trim() === token) resolve(socket);
        else socket.destroy();
      });
    });
  });
}

function asker(
  socket: Socket,
): (command: readonly string[], input?: string) => Promise<Outcome> {
  const waiting = new Map<number, (outcome: Outcome) => void>();
  createInterface(socket).on("line", (line) => {
    const { id, ...outcome } = JSON.parse(line) as Ran;
    waiting.get(id)?.(outcome);
    waiting.delete(id);
  });
  let asked = 0;
  return (command, input = "") => {
    const wish: Wish = { id: asked++, command, input };
    socket.write(`${JSON.stringify(wish)}\n`);
    return new Promise((resolve) => waiting.set(wish.id, resolve));
  };
}
