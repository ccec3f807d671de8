/** Two nodes with agents, and charons of theirs, for scenes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { WrittenState } from "../../../plugin/ike/state.ts";
import { until } from "../../support/until.ts";
import {
  type Agent,
  addByAgent,
  SLOWLY,
  socket,
  startAgent,
} from "../agent/nodes.ts";
import type { Seen, Stage } from "../leak/stage.ts";
import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { type Node, writeClusters } from "../support/topology.ts";

/** What the cluster files say of keys from now on, on these nodes. */
export function writeKeying(
  nodes: readonly Node[],
  keying: "derived" | "ike",
  on: readonly Node[] = nodes,
): void {
  writeClusters(nodes, () => ({ keying }), on);
}

/** Starts both agents, and links both pods. */
export async function startAgents({
  world,
  sides,
}: Stage): Promise<readonly [Agent, Agent]> {
  const [one, two] = sides;
  const first = await startAgent(one.node);
  const second = await startAgent(two.node);
  for (const side of sides) await addByAgent(side, world);
  return [first, second];
}

/** The SAs of a node, as `ip -d -s xfrm state` shows them, without keys. */
export function statesOf({ namespace }: Node): Promise<string> {
  const words = ["-d", "-s", "xfrm", "state", "list", "nokeys"];
  return mustRunIn(namespace, "ip", ...words);
}

/** SPIs of a node's SAs that have a key. */
export async function spisOf(node: Node): Promise<string[]> {
  const states = (await statesOf(node)).split(/^(?=src )/mu);
  return states
    .filter((state) => state.includes("aead "))
    .map((state) => /spi (0x[0-9a-f]+)/u.exec(state)?.[1] ?? "")
    .sort();
}

/** Where a node's agent keeps charon's files. */
export function ikeFolder({ folder }: Node): string {
  return join(folder, "run/ike");
}

/** What a node's agent says of its one tunnel; undefined before it has said anything. */
export function ikeOf(node: Node): WrittenState["tunnels"][number] | undefined {
  try {
    const text = readFileSync(join(ikeFolder(node), "state.json"), "utf8");
    return (JSON.parse(text) as WrittenState).tunnels[0];
  } catch {
    return undefined;
  }
}

/** Waits until both nodes' tunnels are up. */
export async function bothUp(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes)
    await until(() => ikeOf(node)?.state === "up", {
      ...SLOWLY,
      limitSeconds: 120,
      describe: () => `${node.name}: ${JSON.stringify(ikeOf(node))}`,
    });
}

/** Waits until each of these nodes' agents names this as what keeps its tunnel down. */
export async function knownBy(
  nodes: readonly Node[],
  cause: string,
): Promise<void> {
  for (const node of nodes)
    await until(() => ikeOf(node)?.lastErrorCause === cause, {
      ...SLOWLY,
      describe: () => JSON.stringify(ikeOf(node)),
    });
}

/** Whether no ping came back. */
export function isShut({ pings }: Seen): boolean {
  return pings.every(({ received }) => received === 0);
}

/** The process of the charon that an agent has started last. */
export function charonOf(agent: Agent): number {
  const pids = [
    ...agent.log().matchAll(/"pid":(\d+),"msg":"started charon"/gu),
  ];
  return Number(pids.at(-1)?.[1]);
}

/** Waits until an agent has started a charon other than the one with this process. */
export async function anotherCharon(agent: Agent, pid: number): Promise<void> {
  await until(() => charonOf(agent) !== pid, {
    ...SLOWLY,
    describe: () => agent.log(),
  });
}

/** Speaks to a node's charon with strongSwan's own tool. */
export function swanctl(
  node: Node,
  ...words: readonly string[]
): Promise<string> {
  const uri = `unix://${ikeFolder(node)}/vici.sock`;
  return mustRunIn(node.namespace, "swanctl", ...words, "--uri", uri);
}

/** What a node's charon calls its one connection. */
export async function connectionOn(node: Node): Promise<string> {
  const connections = await swanctl(node, "--list-conns");
  return /^(crosslink-[0-9a-f]+):/mu.exec(connections)?.[1] ?? "";
}

/** What a node's kernel has counted against packets so far. */
export async function errorsOf({ namespace }: Node): Promise<string[]> {
  const counters = await mustRunIn(namespace, "cat", "/proc/net/xfrm_stat");
  return counters.split("\n").filter((line) => /[1-9]\d*$/u.test(line));
}

/** How many packets came to these nodes by an SA that they do not have, or are still negotiating. */
export async function untakenBy(nodes: readonly Node[]): Promise<number> {
  const lines = (await Promise.all(nodes.map(errorsOf))).flat();
  return lines
    .filter((line) => /^Xfrm(?:InNoStates|AcquireError)\s/u.test(line))
    .reduce((sum, line) => sum + Number(line.split(/\s+/u)[1]), 0);
}

/**
 * Each end rekeys both, ESP's keys and IKE's own, one after the other as in life: the next time once both ends have what the
 * last one made, and both agents have seen to it that the newest is in use. Two that rekey at once collide.
 */
export async function rekeyByEach(nodes: readonly Node[]): Promise<void> {
  for (const node of nodes)
    for (const [what, spisOn] of REKEYED) {
      const before = (await Promise.all(nodes.map(spisOn))).flat();
      await swanctl(node, "--rekey", what, await connectionOn(node));
      for (const each of nodes)
        await until(
          async () =>
            (await spisOn(each)).some((spi) => !before.includes(spi)) &&
            (await usesNewest(each)),
          { ...SLOWLY, describe: () => `${each.name} after ${what}` },
        );
    }
}

/** What swanctl calls it, and the SPIs that a rekeying replaces. */
const REKEYED = [
  ["--child", spisOf],
  ["--ike", ikeSpisOf],
] as const;

/** SPIs of a node's IKE SAs, of either end. */
async function ikeSpisOf(node: Node): Promise<string[]> {
  const shown = await swanctl(node, "--list-sas");
  return [...shown.matchAll(/\b([0-9a-f]{16})_[ir]/gu)].map(
    ([, spi = ""]) => spi,
  );
}

/** Whether the newest outbound SA of a node is the one in use, and says that it is of tomorrow (see plugin/ike/outgoing.ts). */
async function usesNewest(node: Node): Promise<boolean> {
  const nowMs = Date.now();
  const added = [
    ...(await statesOf(node)).matchAll(
      /^src (\S+) [^]*?^\s+add (\S+) (\S+)/gmu,
    ),
  ]
    .filter(([, source]) => source === node.privateIp)
    .map(([, , day, time]) => Date.parse(`${String(day)}T${String(time)}`));
  const made = added.map(
    (atMs) => atMs - Math.max(0, Math.round((atMs - nowMs) / DAY_MS)) * DAY_MS,
  );
  const used = Math.max(...added);
  return (
    used > nowMs + DAY_MS / 2 && made[added.indexOf(used)] === Math.max(...made)
  );
}

const DAY_MS = 86_400_000;

/** `crosslink status` of a node, by what its own agent says. */
export function statusOf(node: Node): Promise<string> {
  return crosslinkOn(node, "status", "--socket", socket(node));
}

/** Whether a process is there, and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/mu.test(
      readFileSync(`/proc/${String(pid)}/status`, "utf8"),
    );
  } catch {
    return false;
  }
}

/** When a node's agent last wrote down what it knows of its tunnels, in seconds since 1970. */
export function writtenBy(node: Node): number {
  const text = readFileSync(join(ikeFolder(node), "state.json"), "utf8");
  return (JSON.parse(text) as WrittenState).writtenSeconds;
}
