import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Place } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";

/** Datagrams that go on until they are stopped. */
export interface Sending {
  /** Waits until so many more went out to each. */
  readonly more: (count: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Sends a datagram to each address some 20 times a second, from now on, whatever becomes of it, each from a port of its own. */
export function keepSending(
  { name }: Place,
  addresses: readonly string[],
): Sending {
  const targets = addresses.map((address) => `/dev/udp/${address}/9`).join(" ");
  // The pause is a read of nothing: a sleep would be a program each time. What is said is when a round began.
  const script = `while :; do at=$EPOCHREALTIME; for to in ${targets}; do echo x >$to; done; echo "$at"; read -t 0.05; done 2>/dev/null`;
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${name}`, "bash", "--norc", "-c", script],
    { stdio: ["pipe", "pipe", "ignore"] },
  );
  let rounds: number[] = [];
  createInterface({ input: child.stdout }).on("line", (time) => {
    rounds.push(Number(time));
  });
  return {
    more: async (count) => {
      rounds = [];
      const since = Date.now() / 1000;
      await until(() => rounds.filter((time) => time > since).length >= count, {
        limitSeconds: 120,
        pauseMs: 50,
        describe: () => "no datagrams go out",
      });
    },
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
