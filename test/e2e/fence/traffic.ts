import { clearText, type Side, type Stage } from "../leak/stage.ts";
import type { Recording } from "../support/capture.ts";
import { captureWires } from "../support/capture-wires.ts";
import { mustRunIn } from "../support/command.ts";
import { keepSending } from "../support/datagrams.ts";
import { keepPinging } from "../support/ping.ts";
import { serverAddress } from "../support/topology.ts";

/** What passed the wires during one step. */
export interface Watched {
  /** Packets for pods of other clusters, outside of ESP. */
  readonly clear: number;
  /** Packets of the same pods to a plain network: what shows that clear text is seen, all the time. */
  readonly plain: number;
  readonly esp: number;
  /** Of the pings both ways, those that were answered. */
  readonly answered: readonly number[];
}

/** All that passed. */
export interface Traffic {
  readonly during: (step: string) => Watched;
  /** The first packets in clear text. */
  readonly shown: string;
}

/** One step after the other: what passes between two belongs to the second. */
interface Step {
  readonly name: string;
  /** In seconds since 1970. */
  readonly end: number;
  readonly answered: readonly number[];
}

/** Waits until both pods have sent more of everything: on a busy machine a pause would promise no packet. */
export type Passing = () => Promise<void>;

const SOME = 5;

/**
 * Records both wires while both pods ping each other, send datagrams to each other and to a plain network, and the steps are
 * taken. One recording for all: in a guest each program that starts takes seconds.
 *
 * @param more whom else the first one sends to
 */
export async function underTraffic(
  { world, sides: [one, two] }: Stage,
  steps: Readonly<Record<string, (passing: Passing) => Promise<unknown>>>,
  ...more: readonly string[]
): Promise<Traffic> {
  const recorder = await captureWires(world);
  const sending = [
    keepSending(one.pod.namespace, [two.pod.address(), serverAddress, ...more]),
    keepSending(two.pod.namespace, [one.pod.address(), serverAddress]),
  ];
  const taken: Step[] = [];
  for (const [name, act] of Object.entries(steps)) {
    const pinging = [
      keepPinging(one.pod.namespace, two.pod.address()),
      keepPinging(two.pod.namespace, one.pod.address()),
    ];
    const passing = async (): Promise<void> => {
      await Promise.all(
        [...sending, ...pinging].map((each) => each.more(SOME)),
      );
    };
    await passing();
    await act(passing);
    await passing();
    const pings = await Promise.all(pinging.map((ping) => ping.stop()));
    const answered = pings.map(({ received }) => received);
    taken.push({ name, end: Date.now() / 1000, answered });
  }
  await Promise.all(sending.map((datagrams) => datagrams.stop()));
  using wires = await recorder.stop();
  return read(wires, taken);
}

function read(wires: Recording, steps: readonly Step[]): Traffic {
  const clear = wires.times(clearText);
  const plain = wires.times(`udp and dst host ${serverAddress}`);
  const esp = wires.times("esp");
  return {
    during: (name) => {
      const index = steps.findIndex((step) => step.name === name);
      const step = steps[index];
      if (step === undefined) throw new Error(`No step is called "${name}"`);
      const start = steps[index - 1]?.end ?? 0;
      const within = (all: readonly number[]): number =>
        all.filter((time) => time > start && time <= step.end).length;
      const [inClear, inPlain, inEsp] = [clear, plain, esp].map(within);
      return {
        clear: inClear ?? 0,
        plain: inPlain ?? 0,
        esp: inEsp ?? 0,
        answered: step.answered,
      };
    },
    shown: wires.show(clearText, 3),
  };
}

/** Whether nothing left in clear text that should not, while clear text was there to be seen. */
export function isShut({ clear, plain }: Watched): boolean {
  return clear === 0 && plain > 0;
}

/** Whether answers came, both ways. */
export function isAnswered({ answered }: Watched): boolean {
  return answered.every((count) => count > 0);
}

/** Each layer of the fence, and what takes it away whole. */
export const LAYERS = {
  policies: "ip xfrm policy flush",
  rules: "nft delete table inet crosslink",
} as const;

const xfrm = `${LAYERS.policies}; ip xfrm state flush`;

/** What a node's kernel has of crosslink, and what takes it away: all that is xfrm's, or what a reboot takes. */
export const LOSSES = {
  xfrm,
  reboot: `${xfrm}; nft flush ruleset`,
} as const;

/** Takes something away by a shell on the node, and lets packets find it so. */
export async function take(
  { node }: Side,
  passing: Passing,
  ...lines: readonly string[]
): Promise<void> {
  await mustRunIn(node.namespace, "sh", "-ec", lines.join("\n"));
  await passing();
}
