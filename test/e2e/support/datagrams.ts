import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Place } from "../../support/namespace.ts";

/** Datagrams that go on until they are stopped. */
export interface Sending {
  readonly stop: () => Promise<void>;
}

/** Sends a datagram to each address some 20 times a second, from now on, whatever becomes of it, each from a port of its own. */
export function keepSending(
  { name }: Place,
  addresses: readonly string[],
): Sending {
  const targets = addresses.map((address) => `/dev/udp/${address}/9`).join(" ");
  // The pause is a read of nothing: a sleep would be a program each time.
  const script = `while :; do for to in ${targets}; do echo x >$to; done; read -t 0.05; done 2>/dev/null`;
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${name}`, "bash", "--norc", "-c", script],
    { stdio: ["pipe", "ignore", "ignore"] },
  );
  return {
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
