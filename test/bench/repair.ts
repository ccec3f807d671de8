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
import { u8 } from "../../native/field.ts";
import { encode } from "../../native/layout.ts";
import { NETLINK_XFRM, openConversation } from "../../native/socket.ts";
import {
  XFRM_MSG_FLUSHPOLICY,
  XFRM_MSG_FLUSHSA,
} from "../../native/xfrm/constants.ts";
import { isEmpty, planFully, wantedBy } from "../../plugin/node/full-plan.ts";
import { lookAround, orThrow } from "../../plugin/node/look.ts";
import { type Session, withSession } from "../../plugin/kernel/session.ts";
import { type Agent, startAgent } from "../e2e/agent/nodes.ts";
import { crosslinkPlugin } from "../e2e/support/pod.ts";
import type { Node } from "../e2e/support/topology.ts";
import { binding } from "../support/binding.ts";
import { cidrs } from "./contestants.ts";
import type { Mesh } from "./mesh.ts";
import { announce, printFigures } from "./output.ts";
import { place } from "./place.ts";
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
const POLL_MS = 5;
const LIMIT_MS = 60_000;
/** An agent that has just looked at the node rests for half a second. */
const QUIET_MS = 1000;

if (import.meta.main) {
  const [rounds = "5", encryption = "esp"] = process.argv.slice(2);
  printFigures(
    await measureRepairs(Number(rounds), encryption as Mesh["encryption"]),
  );
}

async function measureRepairs(
  rounds: number,
  encryption: Mesh["encryption"],
): Promise<Repair[]> {
  await using stack = new AsyncDisposableStack();
  const repairs: Repair[] = [];
  for (const remoteCidrs of SIZES) {
    const at = place(stack, { remoteCidrs, encryption });
    process.env["PATH"] = at.path;
    for (const [name, happen] of Object.entries(events(encryption))) {
      announce(`${name}, ${cidrs(remoteCidrs)}`);
      const summary = summarize(await timeAll(at.node, rounds, happen));
      repairs.push({ name, remoteCidrs, summary });
    }
  }
  return repairs;
}

function events(encryption: Mesh["encryption"]): Events {
  return {
    ...(encryption === "esp"
      ? { "xfrm database flushed": flushXfrm }
      : { "nftables ruleset flushed": flushNftables }),
    "cluster file changed": changeFile,
  };
}

/** `ip xfrm state flush; ip xfrm policy flush`, without the time that starting ip takes. */
function flushXfrm(node: Node): void {
  inside(node, (netns) => {
    const conversation = openConversation(binding, NETLINK_XFRM, { netns });
    const [allProtocols, nothing] = [encode(u8, 0), new Uint8Array(0)];
    for (const [operation, type, body] of [
      ["XFRM_MSG_FLUSHSA", XFRM_MSG_FLUSHSA, allProtocols],
      ["XFRM_MSG_FLUSHPOLICY", XFRM_MSG_FLUSHPOLICY, nothing],
    ] as const)
      conversation.execute({ operation, type, body });
    conversation.close();
  });
}

function flushNftables({ namespace }: Node): void {
  const words = ["netns", "exec", namespace.name, "nft", "flush", "ruleset"];
  execFileSync("ip", words);
}

/** One more network in one round, and without it in the next. */
function changeFile({ clustersDir }: Node, round: number): void {
  const path = join(clustersDir, "remote0.json");
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

async function timeAll(
  node: Node,
  rounds: number,
  happen: Events[string],
): Promise<number[]> {
  const times: number[] = [];
  // Sets the node up, which may take so long that the agent takes a break: one that has worked for 15 s does.
  await (await startAgent(node)).stop();
  for (let round = 0; round < rounds; round += 1) {
    // A new one each time, for the same reason.
    const agent = await startAgent(node);
    await sleep(QUIET_MS);
    if (!isRight(node))
      throw new Error("Cannot measure: the node is not right");
    const event = () => {
      happen(node, round);
    };
    times.push(await timeRepair(node, agent, event));
    await agent.stop();
  }
  return times;
}

/**
 * Milliseconds until the node is what its files say. The agent logs what it did once all is done: when that comes is the
 * time, and then a look at the kernel tells whether it is true. Looking all the while would take the processor from the
 * agent: a look at a large mesh takes as long as a repair.
 */
async function timeRepair(
  node: Node,
  agent: Agent,
  happen: () => void,
): Promise<number> {
  let heard = agent.log().length;
  const started = performance.now();
  happen();
  for (;;) {
    await sleep(POLL_MS);
    const took = performance.now() - started;
    if (took > LIMIT_MS)
      throw new Error("Cannot measure: the agent does not repair");
    if (agent.log().length === heard) continue;
    heard = agent.log().length;
    if (isRight(node)) return took;
  }
}

/** By the plan that `crosslink plan` would show; where policies are missing without working it all out. */
function isRight(node: Node): boolean {
  return inside(node, (netns) =>
    withSession({ binding, netns }, (session) => isPlanEmpty(session, node)),
  );
}

function isPlanEmpty(session: Session, node: Node): boolean {
  const config = parseNetwork({ ...crosslinkPlugin(node) });
  const host = { nodeName: undefined, hostName: "" };
  const look = orThrow(lookAround(session, { config, host }));
  const wanted = look.node?.mesh.policies.length ?? 0;
  const { in: incoming, out, fwd } = session.xfrm.countPolicies();
  if (incoming + out + fwd < wanted) return false;
  return isEmpty(planFully(session, wantedBy(look, { config, host })));
}

function inside<Result>(
  { namespace }: Node,
  use: (netns: number) => Result,
): Result {
  const netns = openSync(`/run/netns/${namespace.name}`, "r");
  try {
    return use(netns);
  } finally {
    closeSync(netns);
  }
}
