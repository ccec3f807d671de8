import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Place } from "./topology.ts";

/** How many pings went out, and how many answers came. */
export interface Pinged {
  readonly sent: number;
  readonly received: number;
}

/** Pings that go on until they are stopped. */
export interface Pinging {
  readonly stop: () => Promise<Pinged>;
}

/** Pings an address 20 times a second, from now on, whatever the answer. */
export function keepPinging({ name }: Place, address: string): Pinging {
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${name}`, "ping", "-q", "-n", "-i", "0.05", address],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const output = text(child.stdout);
  return {
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
      return pinged(await output);
    },
  };
}

/** Reads ping's last lines. Throws when there are none: then nothing was sent. */
function pinged(output: string): Pinged {
  const [, sent, received] =
    /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  if (sent === undefined || received === undefined)
    throw new Error(`Cannot count pings: "${output}"`);
  return { sent: Number(sent), received: Number(received) };
}
