import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { capture, type Recording } from "../support/capture.ts";
import { tell } from "../support/facts.ts";
import { serverAddress } from "../support/topology.ts";
import { seenAs } from "./base.ts";
import { type Ping, pingAll } from "./pings.ts";
import type { Site, Stage } from "./stage.ts";

/** ADD for a node's pods. */
export async function comeUp({ base, pods }: Site): Promise<void> {
  const trouble: string[] = [];
  for (const pod of pods)
    await pod.add().catch((error: unknown) => trouble.push(String(error)));
  tell(`${base.name}: ADD connects its pods`, trouble.length === 0, trouble);
}

/** Each with the next, both ways; within the node; and out. */
export async function reach({ sites }: Stage): Promise<void> {
  const recorders = await Promise.all(
    sites.map(({ pods: [pod] }) => capture(pod.namespace, "eth0")),
  );
  const ways = sites.flatMap((site) => waysOf(site, sites));
  const answers = await pingAll(ways);
  for (const [index, { what }] of ways.entries())
    tell(what, answers[index] === true);
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

function waysOf(
  site: Site,
  sites: readonly Site[],
): (Ping & { readonly what: string })[] {
  const [{ namespace: pod, address }, ...neighbours] = site.pods;
  const { name } = site.base;
  const next = after(site, sites);
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
      to: addressSeen(site),
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

/** The address that other clusters know a site's first pod by. */
export function addressSeen({ base, pods: [pod] }: Site): string {
  return seenAs(base, pod.address());
}

function tellWhoAsked(
  sites: readonly Site[],
  index: number,
  recording: Recording,
): void {
  const site = sites[index]!;
  const [pod, ...neighbours] = site.pods;
  const filter = `icmp[icmptype] == icmp-echo and dst ${pod.address()}`;
  const asked = recording.show(filter, 20);
  const askers = new Set(
    [...asked.matchAll(/IP (\S+) >/g)].map(([, address]) => address),
  );
  const expected = new Set([
    addressSeen(sites.at(index - 1)!),
    addressSeen(after(site, sites)),
    ...neighbours.map(({ address }) => address()),
  ]);
  tell(
    `${site.base.name}: who asks a pod asks with its own address`,
    isDeepStrictEqual(askers, expected),
    asked,
  );
}
