/**
 * How long an agent takes, from a change to its effect.
 *
 *   node test/bench/repair.ts ROUNDS esp|none
 */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseNetwork } from "../../conf/network.ts";
import { isEmpty, planFully } from "../../plugin/node/converge.ts";
import { readLinkedNode } from "../../plugin/node/linked.ts";
import { type Session, withSession } from "../../plugin/session.ts";
import { crosslinkPlugin } from "../e2e/support/pod.ts";
import type { Node } from "../e2e/support/topology.ts";
import { binding } from "../support/binding.ts";
import type { Mesh } from "./mesh.ts";
import { printFigures } from "./output.ts";
import { type Place, servedPlace } from "./place.ts";
import { type Summary, summarize } from "./statistics.ts";

/** From something that happened to a node that is right again, in milliseconds. */
export interface Repair {
  readonly name: string;
  readonly remoteCidrs: number;
  readonly summary: Summary;
}

/** What happens to a node, by the words for it. */
type Events = Readonly<Record<string, (node: Node, round: number) => void>>;

const SIZES = [10, 1000];
const LIMIT_MS = 60_000;
/** An agent that has worked much rests, for it may take a tenth of the time: what is measured is one that has rested. */
const QUIET_MS = 1000;
const QUIET_PER_WORK = 5;

if (import.meta.main) {
  const [rounds = "5", encryption = "esp"] = process.argv.slice(2);
  const repairs = await measureRepairs(
    Number(rounds),
    encryption as Mesh["encryption"],
  );
  printFigures(repairs);
}

async function measureRepairs(
  rounds: number,
  encryption: Mesh["encryption"],
): Promise<Repair[]> {
  await using stack = new AsyncDisposableStack();
  const repairs: Repair[] = [];
  for (const remoteCidrs of SIZES) {
    const at = await servedPlace(stack, { remoteCidrs, encryption });
    process.env["PATH"] = at.path;
    for (const [name, happen] of Object.entries(events(encryption))) {
      const times = await timeAll(at, rounds, happen);
      repairs.push({ name, remoteCidrs, summary: summarize(times) });
    }
  }
  return repairs;
}

function events(encryption: Mesh["encryption"]): Events {
  const flush =
    (...commands: readonly (readonly string[])[]) =>
    ({ namespace }: Node): void => {
      for (const words of commands)
        execFileSync("ip", ["netns", "exec", namespace.name, ...words]);
    };
  const states = ["ip", "xfrm", "state", "flush"];
  const policies = ["ip", "xfrm", "policy", "flush"];
  return {
    ...(encryption === "esp"
      ? { "xfrm database flushed": flush(states, policies) }
      : { "nftables ruleset flushed": flush(["nft", "flush", "ruleset"]) }),
    "cluster file changed": changeFile,
  };
}

/** One more network in one round, and without it in the next. */
function changeFile({ folder }: Node, round: number): void {
  const path = join(folder, "clusters.d", "remote0.json");
  const file = JSON.parse(readFileSync(path, "utf8")) as {
    podCIDRs: string[];
    nodes: { podCIDRs: string[] }[];
  };
  const more = "10.250.0.0/24";
  const podCIDRs = file.podCIDRs.filter((cidr) => cidr !== more);
  if (round % 2 === 0) podCIDRs.push(more);
  const nodes = file.nodes.map((node) => ({ ...node, podCIDRs }));
  writeFileSync(path, JSON.stringify({ ...file, podCIDRs, nodes }));
}

/** Milliseconds until the node is what its files say, again and again. */
async function timeAll(
  { node }: Place,
  rounds: number,
  happen: Events[string],
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await waitUntilRight(node);
    await sleep(QUIET_MS + QUIET_PER_WORK * (times.at(-1) ?? 0));
    const started = performance.now();
    happen(node, round);
    await waitUntilRight(node);
    times.push(performance.now() - started);
  }
  return times;
}

async function waitUntilRight(node: Node): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!isRight(node)) {
    if (performance.now() > deadline)
      throw new Error("Cannot measure: the agent does not repair");
    await sleep(5);
  }
}

/** By the plan that `crosslink plan` would show; where policies are missing without working it all out. */
function isRight(node: Node): boolean {
  const netns = openSync(`/run/netns/${node.namespace.name}`, "r");
  try {
    return withSession({ binding, netns }, (session) =>
      isPlanEmpty(session, node),
    );
  } finally {
    closeSync(netns);
  }
}

function isPlanEmpty(session: Session, node: Node): boolean {
  const config = parseNetwork({ ...crosslinkPlugin(node) });
  const host = { nodeName: undefined, hostName: "" };
  const linked = readLinkedNode(config, host, session.route);
  const wanted = linked?.mesh.policies.length ?? 0;
  if (session.xfrm.policies().length < wanted) return false;
  return isEmpty(planFully(session, { node: linked, snat: config.snat }));
}
