import { setTimeout as sleep } from "node:timers/promises";
import { clearText, type Site, type Stage } from "../leak/stage.ts";
import { capture } from "../support/capture.ts";
import { mustRunIn } from "../support/command.ts";
import { keepSending } from "../support/datagrams.ts";
import { tell } from "../support/facts.ts";
import { keepPinging } from "../support/ping.ts";
import { serverAddress } from "../support/topology.ts";

/** What passed the wires. */
export interface Watched {
  /** Packets for pods of other clusters, outside of ESP. */
  readonly clear: number;
  /** The first of them. */
  readonly shown: string;
  /** Packets of the same pods to a plain network: what shows that clear text is seen, all the time. */
  readonly plain: number;
  readonly esp: number;
  /** Of the pings both ways, those that were answered. */
  readonly answered: readonly number[];
}

/** To nobody: a third cluster, which comes and goes. */
export const THIRD = "10.0.2.7";

/** Records both wires while both pods ping each other, send datagrams to each other, to a third cluster and to a plain network, and `act` runs. */
export async function underTraffic(
  { world, sites: [one, two] }: Stage,
  act: () => Promise<unknown>,
): Promise<Watched> {
  const recorders = await Promise.all(
    world.nodes.map(({ wire }) => capture(world.internet, wire)),
  );
  const pairs = [
    [one.pod, two.pod],
    [two.pod, one.pod],
  ] as const;
  const pinging = pairs.map(([from, to]) =>
    keepPinging(from.namespace, to.address()),
  );
  const sending = pairs.map(([from, to]) =>
    keepSending(from.namespace, [to.address(), THIRD, serverAddress]),
  );
  await sleep(300);
  await act();
  await sleep(300);
  const pings = await Promise.all(pinging.map((ping) => ping.stop()));
  await Promise.all(sending.map((datagrams) => datagrams.stop()));
  using recordings = new DisposableStack();
  const wires = (
    await Promise.all(recorders.map((recorder) => recorder.stop()))
  ).map((recording) => recordings.use(recording));
  const count = (filter: string): number =>
    wires.reduce((sum, wire) => sum + wire.count(filter), 0);
  return {
    clear: count(clearText),
    shown: wires.map((wire) => wire.show(clearText, 3)).join("\n"),
    plain: count(`udp and dst host ${serverAddress}`),
    esp: count("esp"),
    answered: pings.map(({ received }) => received),
  };
}

/** Whether nothing left in clear text that should not, while clear text was there to be seen. */
export function isShut({ clear, plain }: Watched): boolean {
  return clear === 0 && plain > 0;
}

/** Each layer of the fence, and what takes it away whole. */
export const LAYERS = {
  policies: "ip xfrm policy flush",
  rules: "nft delete table inet crosslink",
} as const;

/** Takes something away by a shell on the node, and leaves the packets a moment to find it. */
export async function take(
  { node }: Site,
  ...lines: readonly string[]
): Promise<void> {
  await mustRunIn(node.namespace, "sh", "-ec", lines.join("\n"));
  await sleep(300);
}

/** Shows that all of this can fail: with both layers gone at once, packets leave, and are counted. */
export async function tellThatItCanFail(stage: Stage): Promise<void> {
  const [site] = stage.sites;
  const seen = await underTraffic(stage, () =>
    take(site, LAYERS.policies, LAYERS.rules),
  );
  tell(
    "with both layers gone at once, clear text is seen",
    seen.clear > 0,
    seen,
  );
}
