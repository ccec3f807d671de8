import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import { until } from "../../support/until.ts";
import type { Place } from "../../support/namespace.ts";

/** How many pings went out, and how many answers came. */
export interface Pinged {
  readonly sent: number;
  readonly received: number;
  /** Numbers of those without an answer, but for a last second's, whose answers may have been on their way. */
  readonly lost: readonly number[];
}

/** Pings that go on until they are stopped. */
export interface Pinging {
  readonly stop: () => Promise<Pinged>;
}

const PER_SECOND = 20;

/** Pings an address 20 times a second, from now on, whatever the answer. */
export function keepPinging({ name }: Place, address: string): Pinging {
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${name}`, "ping", "-n", "-i", "0.05", address],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const output = text(child.stdout);
  return {
    stop: async () => {
      const ended = once(child, "exit");
      await until(() => isPing(child.pid), { limitSeconds: 60 });
      child.kill("SIGINT");
      await ended;
      return pinged(await output);
    },
  };
}

/** Whether it is ping by now, and tells its counts when it is interrupted: on a busy machine that takes a while. */
function isPing(pid = 0): boolean {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  const [, caught = "0"] = /^SigCgt:\s+(\w+)$/m.exec(status) ?? [];
  return (
    /^Name:\s+ping$/m.test(status) && (BigInt(`0x${caught}`) & SIGINT) !== 0n
  );
}

/** As /proc has it: the lowest bit is signal 1 (proc_pid_status(5)). */
const SIGINT = 1n << BigInt(constants.signals.SIGINT - 1);

/** Reads ping's last lines. Throws when there are none: then nothing was sent. */
function pinged(output: string): Pinged {
  const [, sent, received] =
    /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  if (sent === undefined || received === undefined)
    throw new Error(`Cannot count pings: "${output}"`);
  return {
    sent: Number(sent),
    received: Number(received),
    lost: lostOf(output, Number(sent)),
  };
}

function lostOf(output: string, sent: number): number[] {
  const answered = new Set(
    [...output.matchAll(/icmp_seq=(\d+) ttl=/gu)].map(([, number]) =>
      Number(number),
    ),
  );
  const last = Math.max(sent - PER_SECOND, ...answered);
  return Array.from(
    { length: Math.min(sent, last) },
    (_, index) => index + 1,
  ).filter((number) => !answered.has(number));
}
