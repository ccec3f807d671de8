import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { capture, type Recording } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { serverAddress } from "../support/topology.ts";
import { type Ping, pingAll } from "./pings.ts";
import type { Site, Stage } from "./stage.ts";

const WAYS = [
  "a pod reaches a remote pod",
  "a remote pod reaches a pod",
  "pods of one node reach each other",
  "a pod reaches the internet",
];

/** ADD for a node's two pods. */
export async function comeUp({ base, pods }: Site): Promise<void> {
  const trouble: string[] = [];
  for (const pod of pods)
    await pod.add().catch((error: unknown) => trouble.push(String(error)));
  tell(`${base.name}: ADD connects two pods`, trouble.length === 0, trouble);
}

/** Each with the next, both ways; within the node; and out. */
export async function reach({ sites }: Stage): Promise<void> {
  const recorders = await Promise.all(
    sites.map(({ pods: [pod] }) => capture(pod.namespace, "eth0")),
  );
  const answers = await pingAll(sites.flatMap((site) => waysOf(site, sites)));
  for (const [index, { base }] of sites.entries())
    for (const [way, name] of WAYS.entries())
      tell(
        `${base.name}: ${name}`,
        answers[index * WAYS.length + way] === true,
      );
  // So long may a packet wait for tcpdump to read it.
  await sleep(1000);
  for (const [index, recorder] of recorders.entries()) {
    using recording = await recorder.stop();
    tellWhoAsked(sites, index, recording);
  }
}

/** The node that a node's pods talk with. */
export function after(site: Site, sites: readonly Site[]): Site {
  return sites[(sites.indexOf(site) + 1) % sites.length]!;
}

/** Whether what pods sent to the internet's server came from their nodes. */
export function tellWhoWasServed({ sites }: Stage, served: Recording): void {
  for (const { base, node } of sites)
    tell(
      `${base.name}: the internet sees the node's address`,
      served.count(`icmp[icmptype] == icmp-echo and src ${node.elasticIp}`) > 0,
      served.show("icmp", 20),
    );
}

function waysOf(site: Site, sites: readonly Site[]): Ping[] {
  const [pod, neighbour] = site.pods;
  const [remote] = after(site, sites).pods;
  return [
    { from: pod.namespace, to: remote.address() },
    { from: remote.namespace, to: pod.address() },
    { from: neighbour.namespace, to: pod.address() },
    { from: pod.namespace, to: serverAddress },
  ];
}

function tellWhoAsked(
  sites: readonly Site[],
  index: number,
  recording: Recording,
): void {
  const site = sites[index]!;
  const [pod, neighbour] = site.pods;
  const filter = `icmp[icmptype] == icmp-echo and dst ${pod.address()}`;
  const asked = recording.show(filter, 20);
  const askers = new Set(
    [...asked.matchAll(/IP (\S+) >/g)].map(([, address]) => address),
  );
  const expected = new Set([
    sites.at(index - 1)!.pods[0].address(),
    after(site, sites).pods[0].address(),
    neighbour.address(),
  ]);
  tell(
    `${site.base.name}: who asks a pod asks with its own address`,
    isDeepStrictEqual(askers, expected),
    asked,
  );
}
