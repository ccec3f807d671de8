/** TCP from one network namespace to another, again and again by the same two processes: starting one is slow in a guest. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Place } from "../support/namespace.ts";
import { asking } from "./question.ts";

/** From pod to pod. */
export interface Way {
  readonly name: string;
  readonly from: Place;
  readonly to: Place;
  /** Of the pod that it leads to. */
  readonly address: string;
}

/** Two ends that are ready. Disposing of it ends both. */
export interface Flow extends Disposable {
  /** Sends so many bytes, and returns the seconds until the other end had said that it has all. Throws when it had not. */
  readonly send: (bytes: number) => Promise<number>;
}

const PORT = 7001;

/** Starts a process at each end. */
export async function openFlow({
  from,
  to,
  address,
}: Omit<Way, "name">): Promise<Flow> {
  const sink = start(to, "sink");
  const source = start(from, "source", address);
  const ask = asking(source);
  await once(sink.stdout, "data");
  return {
    send: async (bytes) => {
      const took = await ask(String(bytes));
      if (took === undefined) throw new Error(`Cannot send to ${address}`);
      return Number(took);
    },
    [Symbol.dispose]: () => {
      for (const child of [source, sink]) child.kill("SIGKILL");
    },
  };
}

function start(inside: Place, ...words: string[]) {
  const self = [process.execPath, import.meta.filename, ...words];
  return spawn("ip", ["netns", "exec", inside.name, ...self], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Counts what comes, and tells the sender when that was all. */
function sink(): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    socket
      .on("data", (chunk) => (bytes += chunk.length))
      .on("end", () => socket.end(`${bytes}`));
  }).listen(PORT, () => {
    console.log("listening");
  });
}

/** Sends as many bytes as each line of stdin says. */
async function source(address: string): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    console.log(await seconds(address, Buffer.alloc(Number(line))));
}

async function seconds(host: string, content: Buffer): Promise<number> {
  const started = performance.now();
  const socket = connect({ host, port: PORT });
  socket.setTimeout(30_000, () => socket.destroy(new Error("timed out")));
  socket.end(content);
  const received = Number(await text(socket));
  if (received !== content.length)
    throw new Error(`${received} of ${content.length} bytes arrived`);
  return (performance.now() - started) / 1000;
}

if (import.meta.main) {
  const [verb, address = ""] = process.argv.slice(2);
  if (verb === "sink") sink();
  else await source(address);
}
