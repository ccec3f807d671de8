import { spawn } from "node:child_process";
import { createHash, type Hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Place } from "../../support/namespace.ts";

/** One TCP connection that carries bytes until it is stopped. */
export interface Stream {
  /** Ends it, and tells whether what arrived is what was sent. */
  readonly stop: () => Promise<{ bytes: number; intact: boolean }>;
}

const PORT = "7001";
/** Some 300 packets a second. */
const CHUNK_BYTES = 16 * 1024;
const PAUSE_MS = 50;

/** Sends random bytes from one namespace to an address in another, a little all the time. */
export async function keepStreaming(
  from: Place,
  to: Place,
  address: string,
  chunkBytes: number = CHUNK_BYTES,
): Promise<Stream> {
  const netcat = ({ name }: Place, ...words: readonly string[]) =>
    spawn("nsenter", [`--net=/run/netns/${name}`, "nc", "-n", ...words], {
      stdio: ["pipe", "pipe", "pipe"],
    });
  const receiver = netcat(to, "-v", "-l", PORT);
  const arrived = hashOf(receiver.stdout);
  await once(receiver.stderr, "data"); // "Listening on …"
  receiver.stderr.resume();
  const sender = netcat(from, "-N", address, PORT);
  const sent = createHash("sha256");
  let bytes = 0;
  const timer = setInterval(() => {
    const chunk = randomBytes(chunkBytes);
    sent.update(chunk);
    bytes += chunk.length;
    sender.stdin.write(chunk);
  }, PAUSE_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      sender.stdin.end();
      const received = (await arrived).digest("hex");
      return { bytes, intact: bytes > 0 && received === sent.digest("hex") };
    },
  };
}

/** Of all that a program prints, once it has ended. */
async function hashOf(output: Readable): Promise<Hash> {
  const hash = createHash("sha256");
  for await (const part of output as AsyncIterable<Buffer>) hash.update(part);
  return hash;
}
