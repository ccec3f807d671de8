/** SAs are flushed, their note is lost, a counter nears its end, a secret changes under its id: no number is sent twice under a key. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { until } from "../../support/until.ts";
import { SLOWLY, startAgent } from "../agent/nodes.ts";
import { capture } from "../support/capture.ts";
import { crosslinkOn, mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import { outboundOf, packetsIn, type Sent, setCounter } from "./counters.ts";
import {
  openStage,
  type Seen,
  type Stage,
  underPing,
  withoutLoss,
} from "./stage.ts";

const NOTE = "/run/crosslink/counters.json";

{
  using stage = await openStage({ linked: true });
  const { nodes, internet } = stage.world;
  const recorder = await capture(internet, nodes[0]?.wire ?? "");
  await flush(stage);
  await loseTheNote(stage);
  await nearTheEnd(stage);
  await flushBesideAgents(stage);
  await changeSecret(stage);
  using recording = await recorder.stop();
  const sent = packetsIn(recording);
  tell("no number is sent twice under an SPI", isUnique(sent), {
    packets: sent.length,
    spis: new Set(sent.map(({ spi }) => spi)).size,
    twice: repeated(sent).slice(0, 5),
  });
}

async function flush(stage: Stage): Promise<void> {
  const nodes = stage.sides.map(({ node }) => node);
  const before = await Promise.all(nodes.map(outboundOf));
  const during = await underPing(stage, async () => {
    for (const node of nodes) await flushStates(node);
    for (const node of nodes) await crosslinkOn(node, "apply");
  });
  const after = await Promise.all(nodes.map(outboundOf));
  tell(
    "an SA that was flushed goes on, beyond what it had sent",
    during.clear.length === 0 && before.every(isAhead(after)),
    { before, after, pings: during.pings, shown: during.shown },
  );
  await answersCome(stage, "after flushes no packet is lost");
}

function isAhead(after: readonly Sent[]) {
  return ({ spi, sequence }: Sent, i: number): boolean =>
    spi === after[i]?.spi && after[i].sequence > sequence;
}

/** Both ends look: without agents, nobody else does. */
async function loseTheNote(stage: Stage): Promise<void> {
  const [one, two] = stage.sides.map(({ node }) => node);
  if (one === undefined || two === undefined) return;
  const spis = [(await outboundOf(one)).spi];
  for (let round = 0; round < 2; round++) {
    rmSync(NOTE);
    await flushStates(one);
    await crosslinkOn(one, "apply");
    spis.push((await outboundOf(one)).spi);
    await answersCome(
      stage,
      `with its note lost ${round === 0 ? "once" : "again"}, a node is heard`,
    );
    await crosslinkOn(two, "apply");
  }
  const shown = await crosslinkOn(one, "status");
  tell(
    "an SA that was flushed with its note is another one",
    new Set(spis).size === 3,
    spis,
  );
  tell(
    "status says which generation of its key that is",
    shown.includes("1 (generation 2 out, 0 in)"),
    shown,
  );
}

async function nearTheEnd(stage: Stage): Promise<void> {
  const nodes = stage.sides.map(({ node }) => node);
  const [one] = nodes;
  if (one === undefined) return;
  const spis = [(await outboundOf(one)).spi];
  const seen: Seen[] = [];
  for (let round = 0; round < 2; round++) {
    await setCounter(one, 2 ** 31);
    seen.push(
      await underPing(stage, async () => {
        for (const node of nodes) await crosslinkOn(node, "apply");
      }),
    );
    spis.push((await outboundOf(one)).spi);
  }
  tell(
    "a counter near its end makes way for the next SA, time and again",
    spis.every((spi, i) => i === 0 || spi !== spis[i - 1]),
    spis,
  );
  tell(
    "a counter near its end loses no packet",
    seen.every(withoutLoss),
    seen.map(({ pings }) => pings),
  );
  tell(
    "a counter near its end leaks nothing",
    seen.every(({ clear, esp }) => clear.length === 0 && esp > 0),
    seen.map(({ shown }) => shown),
  );
}

async function flushBesideAgents(stage: Stage): Promise<void> {
  const nodes = stage.sides.map(({ node }) => node);
  const agents = await Promise.all(nodes.map((node) => startAgent(node)));
  const before = await Promise.all(nodes.map(outboundOf));
  const during = await underPing(stage, async () => {
    for (const node of nodes) await flushStates(node);
    await until(
      async () => (await Promise.all(nodes.map(isKeyed))).every(Boolean),
      {
        ...SLOWLY,
        describe: () => agents.map(({ log }) => log()).join("\n"),
      },
    );
  });
  const after = await Promise.all(nodes.map(outboundOf));
  tell(
    "agents make SAs anew by themselves, beyond what was sent",
    during.clear.length === 0 && before.every(isAhead(after)),
    { before, after, pings: during.pings },
  );
  await answersCome(stage, "beside agents no packet is lost after that");
  for (const agent of agents) await agent.stop();
}

async function changeSecret(stage: Stage): Promise<void> {
  const [one] = stage.sides.map(({ node }) => node);
  if (one === undefined) return;
  const { keyring: path } = one;
  const kept = readFileSync(path, "utf8");
  const changed = kept.replace(/"secret":\s*"..../u, '"secret":"AAAA');
  const old = await mustRunIn(one.namespace, "ip", "xfrm", "state");
  const words: string[] = [];
  const during = await underPing(stage, async () => {
    writeFileSync(path, changed);
    words.push(
      await crosslinkOn(one, "apply").then(
        () => "",
        (error: unknown) => String(error),
      ),
    );
    words.push(await crosslinkOn(one, "status"));
  });
  const left = await mustRunIn(one.namespace, "ip", "xfrm", "state");
  tell(
    "another secret under an id in use is refused with words, as long as it is there",
    words.every((text) => text.includes("another secret under key id 1")),
    words,
  );
  tell(
    "no SA of the old secret is left, and none of the new one is made",
    old.includes("reqid 112") && left.trim() === "",
    left.replaceAll(/0x\w{40,}/gu, "KEY"),
  );
  tell(
    "a changed secret leaks nothing",
    during.clear.length === 0,
    during.shown,
  );
  writeFileSync(path, kept);
  await crosslinkOn(one, "apply");
  await answersCome(stage, "with the secret back, no packet is lost");
}

async function answersCome(stage: Stage, name: string): Promise<void> {
  const seen = await underPing(stage);
  tell(name, withoutLoss(seen) && seen.clear.length === 0, seen.pings);
}

async function isKeyed(node: Node): Promise<boolean> {
  return (await outboundOf(node)).spi !== "none";
}

async function flushStates({ namespace }: Node): Promise<void> {
  await mustRunIn(namespace, "ip", "xfrm", "state", "flush");
}

function isUnique(sent: readonly Sent[]): boolean {
  return sent.length > 100 && repeated(sent).length === 0;
}

function repeated(sent: readonly Sent[]): string[] {
  const seen = new Set<string>();
  return sent
    .map(({ spi, sequence }) => `${spi} ${String(sequence)}`)
    .filter((text) => seen.size === seen.add(text).size);
}
