/** A TCP transfer between two network namespaces, each end a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Place } from "../../support/namespace.ts";

/** What the receiving end saw. */
export interface Received {
  /** The address that the bytes came from. */
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A finished transfer. */
export interface Transfer extends Received {
  readonly seconds: number;
  /** Whether the bytes that arrived are those that were sent. */
  readonly intact: boolean;
}

const port = 7000;

/** Sends random bytes from one namespace to an address in another. Throws when either end fails, or after 30 s. */
export async function transfer(
  from: Place,
  to: Place,
  { address, bytes }: { address: string; bytes: number },
): Promise<Transfer> {
  const server = start(to, "serve");
  try {
    await firstLine(server);
    const client = start(from, "send", address, `${bytes}`);
    const [status, output] = await Promise.all([
      exitCode(client),
      text(client.stdout!),
    ]);
    if (status !== 0)
      throw new Error(`Cannot send to ${address}: exit code ${status}`);
    return JSON.parse(output) as Transfer;
  } finally {
    server.kill("SIGKILL");
  }
}

function start(inside: Place, ...words: string[]): ChildProcess {
  const self = [process.execPath, import.meta.filename, ...words];
  return spawn("nsenter", [`--net=/run/netns/${inside.name}`, ...self], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function firstLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.once("data", () => {
      resolve();
    });
    child.once("exit", (code) => {
      reject(new Error(`Cannot listen: exit code ${code}`));
    });
  });
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

/** Takes connections; tells each what came, and from where. */
function serve(): void {
  createServer({ allowHalfOpen: true }, (socket) => void answer(socket)).listen(
    port,
    () => {
      console.log("listening");
    },
  );
}

async function answer(socket: Socket): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const source = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  socket.end(JSON.stringify({ source, bytes, sha256: hash.digest("hex") }));
}

async function send(address: string, bytes: number): Promise<void> {
  const content = randomBytes(bytes);
  const started = performance.now();
  const socket = connect({ host: address, port });
  socket.setTimeout(30_000, () => socket.destroy(new Error("timed out")));
  socket.end(content);
  const received = JSON.parse(await text(socket)) as Received;
  const seconds = (performance.now() - started) / 1000;
  const sent = createHash("sha256").update(content).digest("hex");
  const intact = received.sha256 === sent;
  console.log(JSON.stringify({ ...received, seconds, intact }));
}

if (import.meta.main) {
  const [verb, address, bytes] = process.argv.slice(2);
  if (verb === "send") await send(address!, Number(bytes));
  else serve();
}
