import { until } from "../support/until.ts";
import { type Pinged, pinged } from "../support/pings.ts";
import type { Pod } from "./pod.ts";

/** Pings from a pod that go on until they are stopped. */
export interface Steady {
  /** Waits until so many more went out, and what became of them is known. */
  readonly more: (count: number) => Promise<void>;
  readonly stop: () => Promise<Pinged>;
}

const PER_SECOND = 5;

/** With a word of each that has no answer when the next goes out. */
const PING = `rm -f "$0"; exec nsenter "--net=$1" stdbuf -oL ping -nO -i ${1 / PER_SECOND} "$2" >"$0" 2>&1`;

/** Pings a pod from another, five times a second, from now on, whatever the answer. Not by the pod's busybox, which tells at its end alone. */
export async function pingSteadily(from: Pod, to: Pod): Promise<Steady> {
  const { node, network } = from;
  const name = `ping-${to.name}`;
  const file = `/run/${name}`;
  await node.stop(name);
  await node.start({
    name,
    command: ["bash", "-c", PING, file, network, to.address],
  });
  const said = async () => (await node.try(["cat", file])).stdout;
  return {
    more: async (count) => {
      const before = lastIn(await said());
      let output = "";
      await until(
        async () => {
          output = await said();
          return lastIn(output) >= before + count;
        },
        {
          limitSeconds: 120,
          pauseMs: 200,
          describe: () => `ping said "${output.slice(-200)}"`,
        },
      );
    },
    stop: async () => {
      await node.stop(name, "INT");
      return pinged(await said(), PER_SECOND);
    },
  };
}

/** The number of the last one that it speaks of. */
function lastIn(output: string): number {
  const numbers = [...output.matchAll(/icmp_seq=(\d+)/gu)];
  return Math.max(0, ...numbers.map(([, number]) => Number(number)));
}
