import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bundle } from "../../support/guest/bundle.ts";
import { bootGuest } from "./boot.ts";
import type { Ran, Wish } from "./wish.ts";

/** How a command in the guest went. */
export type Outcome = Omit<Ran, "id">;

/** The guest that all nodes are in. */
export interface Stage extends AsyncDisposable {
  /** Runs a command outside of all nodes, whatever its outcome. */
  readonly try: (
    command: readonly string[],
    input?: string,
  ) => Promise<Outcome>;
  /** Runs a command outside of all nodes; what it printed. Throws where it fails. */
  readonly run: (command: readonly string[], input?: string) => Promise<string>;
}

/**
 * Boots the guest with the internet in it (stage.sh), and a conductor that runs what it is told from here.
 *
 * @param folder for its files
 */
export async function startStage(folder: string): Promise<Stage> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port =
    typeof address === "object" && address !== null ? address.port : 0;
  const token = randomUUID();
  const program = await bundle(
    join(import.meta.dirname, "conductor.ts"),
    folder,
  );
  const script = join(import.meta.dirname, "stage.sh");
  const guest = await bootGuest([
    "bash",
    script,
    process.execPath,
    program,
    `${port}`,
    token,
  ]);
  const socket = await Promise.race([
    greeted(server, token),
    guest.ended.then(failed),
  ]);
  const ask = asker(socket);
  const tryIt: Stage["try"] = (command, input) =>
    Promise.race([ask(command, input), guest.ended.then(failed)]);
  return {
    try: tryIt,
    run: async (command, input) => {
      const { status, stdout, stderr } = await tryIt(command, input);
      if (status === 0) return stdout;
      throw new Error(
        `Cannot run "${command.join(" ")}" in the guest: exit code ${status}: ${stderr}${stdout}`,
      );
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      server.close();
      guest.end();
      await guest.ended;
    },
  };
}

function failed(output: string): never {
  throw new Error(`The guest has ended:\n${output}`);
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
