import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { until } from "../../support/until.ts";
import { type Pinged, pinged } from "../../support/pings.ts";
import type { Place } from "../../support/namespace.ts";

/** Pings that go on until they are stopped. */
export interface Pinging {
  /** Waits until so many more went out, and what became of them is known: on a busy machine a pause would promise none. */
  readonly more: (count: number) => Promise<void>;
  readonly stop: () => Promise<Pinged>;
}

const PER_SECOND = 20;

/** Pings an address 20 times a second, from now on, whatever the answer. */
export function keepPinging({ name }: Place, address: string): Pinging {
  const child = spawn(
    "nsenter",
    // With times, and a word of each that has no answer when the next goes out.
    [`--net=/run/netns/${name}`, "ping", "-nDO", "-i", "0.05", address],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    said += part;
  });
  return {
    more: async (count) => {
      const [from, since] = [said.length, Date.now() / 1000];
      await until(() => saidSince(said.slice(from), since) > count, {
        limitSeconds: 120,
        pauseMs: 50,
        describe: () => `ping said "${said.slice(-200)}"`,
      });
    },
    stop: async () => {
      const ended = once(child, "close");
      await until(() => isPing(child.pid), { limitSeconds: 60 });
      child.kill("SIGINT");
      await ended;
      return pinged(said, PER_SECOND);
    },
  };
}

/** How many pings it speaks of since then, in seconds since 1970. */
function saidSince(output: string, since: number): number {
  const numbers = [...output.matchAll(/^\[([\d.]+)\] .*icmp_seq=(\d+)/gmu)]
    .filter(([, time]) => Number(time) > since)
    .map(([, , number]) => number);
  return new Set(numbers).size;
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
