import { isDeepStrictEqual } from "node:util";
import { capture, type Recording } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { serverAddress } from "../support/topology.ts";
import { seenAs } from "./base.ts";
import { type Ping, pingAll } from "./pings.ts";
import type { Side, Stage } from "./stage.ts";

/** ADD for a node's pods. */
export async function comeUp({ base, pods }: Side): Promise<void> {
  const trouble: string[] = [];
  for (const pod of pods)
    await pod.add().catch((error: unknown) => trouble.push(String(error)));
  tell(`${base.name}: ADD connects its pods`, trouble.length === 0, trouble);
}

/** Each with the next, both ways; within the node; and out. */
export async function reach({ sides }: Stage): Promise<void> {
  const recorders = await Promise.all(
    sides.map(({ pods: [pod] }) => capture(pod.namespace, "eth0")),
  );
  const ways = sides.flatMap((side) => waysOf(side, sides));
  const answers = await pingAll(ways);
  for (const [index, { what }] of ways.entries())
    tell(what, answers[index] === true);
  for (const [index, recorder] of recorders.entries()) {
    using recording = await recorder.stop();
    tellWhoAsked(sides, index, recording);
  }
}

/** The node that a node's pods talk with. */
export function after(side: Side, sides: readonly Side[]): Side {
  return sides[(sides.indexOf(side) + 1) % sides.length]!;
}

/** Whether what pods sent to the internet's server came from their nodes. */
export function tellWhoWasServed({ sides }: Stage, served: Recording): void {
  for (const { base, node } of sides)
    tell(
      `${base.name}: the internet sees the node's address`,
      served.count(`icmp[icmptype] == icmp-echo and src ${node.elasticIp}`) > 0,
      served.show("icmp", 20),
    );
}

function waysOf(
  side: Side,
  sides: readonly Side[],
): (Ping & { readonly what: string })[] {
  const [{ namespace: pod, address }, ...neighbours] = side.pods;
  const { name } = side.base;
  const next = after(side, sides);
  const remote = next.pods[0].namespace;
  return [
    {
      what: `${name}: a pod reaches a remote pod`,
      from: pod,
      to: addressSeen(next),
    },
    {
      what: `${name}: a remote pod reaches a pod`,
      from: remote,
      to: addressSeen(side),
    },
    ...neighbours.map(({ namespace }) => ({
      what: `${name}: pods of one node reach each other`,
      from: namespace,
      to: address(),
    })),
    {
      what: `${name}: a pod reaches the internet`,
      from: pod,
      to: serverAddress,
    },
  ];
}

/** The address that other clusters know a side's first pod by. */
export function addressSeen({ base, pods: [pod] }: Side): string {
  return seenAs(base, pod.address());
}

function tellWhoAsked(
  sides: readonly Side[],
  index: number,
  recording: Recording,
): void {
  const side = sides[index]!;
  const [pod, ...neighbours] = side.pods;
  const filter = `icmp[icmptype] == icmp-echo and dst ${pod.address()}`;
  const asked = recording.show(filter, 20);
  const askers = new Set(
    [...asked.matchAll(/IP (\S+) >/g)].map(([, address]) => address),
  );
  const expected = new Set([
    addressSeen(sides.at(index - 1)!),
    addressSeen(after(side, sides)),
    ...neighbours.map(({ address }) => address()),
  ]);
  tell(
    `${side.base.name}: who asks a pod asks with its own address`,
    isDeepStrictEqual(askers, expected),
    asked,
  );
}
