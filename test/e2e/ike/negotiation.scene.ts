/** charon's life beside its agent, and what the ends agree upon: all but the kernel's SAs, so that any kernel will do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY, startAgent } from "../agent/nodes.ts";
import { openStage, type Stage, underPing } from "../leak/stage.ts";
import { crosslinkOn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { type Node, writeKeyring } from "../support/topology.ts";
import {
  anotherCharon,
  charonOf,
  ikeOf,
  isAlive,
  startAgents,
  statusOf,
  writeKeying,
} from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const [one] = stage.sides;
  writeKeying(stage.world.nodes, "ike");
  const agents = await startAgents(stage);
  await agree(stage, agents[0]);
  for (const signal of ["SIGKILL", "SIGSTOP"] as const)
    await endCharon(stage, agents[0], signal);
  const pid = charonOf(agents[0]);
  await agents[0].stop();
  tell("charon ends with its agent", !isAlive(pid), pid);
  await killAgent(one.node);
  await tellOfOthers(one.node);
  await mistrust(stage);
  tellOfPauses(agents[1]);
  await agents[1].stop();
}

async function agree(stage: Stage, agent: Agent): Promise<void> {
  const [one, two] = stage.sides;
  const seen = await underPing(stage, () => agreed(agent));
  const { localId, remoteId } = ikeOf(one.node) ?? {};
  tell(
    "the first packet has the ends agree",
    localId === "one.cluster1" &&
      remoteId === "two.cluster2" &&
      agreements(agent) > 0,
    { one: ikeOf(one.node), two: ikeOf(two.node) },
  );
  tell(
    "until there are SAs nothing leaks",
    seen.clear.length === 0,
    seen.shown,
  );
  const status = await statusOf(one.node);
  tell(
    "status shows both identities",
    /IKE with cluster2\/two: .*, one\.cluster1 to two\.cluster2/u.test(status),
    status,
  );
  await tellOfRefusal(one.node);
}

/** Unless it has all that it takes. */
async function tellOfRefusal(node: Node): Promise<void> {
  const isKnown = (): boolean => {
    const { state, lastError } = ikeOf(node) ?? {};
    return (
      state === "up" ||
      /kernel refuses the SA: it has no (?:ESP|AEAD algorithm)/u.test(
        lastError ?? "",
      )
    );
  };
  await until(isKnown, SLOWLY).catch(() => undefined);
  tell("what the kernel refuses is named", isKnown(), ikeOf(node));
}

/** Pauses double from half a second to half a minute; two that start at once, and the packets themselves, are a few more. */
function tellOfPauses(agent: Agent): void {
  const times = [
    ...agent.log().matchAll(/"time":"([^"]+)"[^\n]*vici initiate/gu),
  ].map(([, time = ""]) => Date.parse(time) / 1000);
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const most = 3 + Math.log2(1 + 2 * seconds) + seconds / 30;
  tell("what fails is not tried without pauses", times.length <= most, {
    times: times.length,
    seconds,
    most,
  });
}

/**
 * How often a node's charon has taken the peer for who it says it is, with algorithms of ours. It lists the IKE_SA as long as
 * both keep it: where the kernel can make no SA, a charon 5 does, and a charon 6 answers so that the peer gives it up.
 */
function agreements(agent: Agent): number {
  const words =
    /authentication of 'two\.cluster2' with pre-shared key successful/gu;
  const algorithms = "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519";
  return agent.log().includes(`selected proposal: ${algorithms}`)
    ? [...agent.log().matchAll(words)].length
    : 0;
}

async function agreed(agent: Agent, before = 0): Promise<void> {
  await until(() => agreements(agent) > before, {
    ...SLOWLY,
    describe: () => agent.log(),
  });
}

async function endCharon(
  stage: Stage,
  agent: Agent,
  signal: "SIGKILL" | "SIGSTOP",
): Promise<void> {
  const pid = charonOf(agent);
  const before = agreements(agent);
  const seen = await underPing(stage, async () => {
    process.kill(pid, signal);
    await anotherCharon(agent, pid);
    await agreed(agent, before);
  });
  tell(`after ${signal} another charon serves`, !isAlive(pid), pid);
  tell(`after ${signal} nothing leaks`, seen.clear.length === 0, seen.shown);
}

async function killAgent(node: Node): Promise<void> {
  const agent = await startAgent(node);
  await anotherCharon(agent, NaN);
  const pid = charonOf(agent);
  await agent.kill();
  await until(() => !isAlive(pid), SLOWLY);
  tell("charon ends with an agent that is killed", !isAlive(pid), pid);
}

/** Another daemon has the port: it is named, and charon starts once it has gone. */
async function tellOfOthers(node: Node): Promise<void> {
  const other = spawn(
    "nsenter",
    [`--net=/run/netns/${node.namespace.name}`, "nc", "-u", "-l", "500"],
    { stdio: "ignore" },
  );
  const agent = await startAgent(node);
  const sentence = `nc (pid ${String(other.pid)}) holds UDP port 500`;
  await until(() => agent.log().includes(sentence), {
    ...SLOWLY,
    describe: () => agent.log(),
  });
  const status = await statusOf(node);
  tell("who else holds the port is named", status.includes(sentence), status);
  const ended = once(other, "exit");
  other.kill();
  await ended;
  await anotherCharon(agent, NaN);
  tell("charon starts once the port is free", true);
  await agent.stop();
}

/** With a secret of its own this node is nobody. */
async function mistrust(stage: Stage): Promise<void> {
  const [one, two] = stage.sides;
  writeKeyring([one.node]);
  const agent = await startAgent(one.node);
  const seen = await underPing(stage, () =>
    until(() => ikeOf(one.node)?.lastError != null, {
      ...SLOWLY,
      describe: () => agent.log(),
    }),
  );
  const { lastError } = ikeOf(one.node) ?? {};
  tell("another secret is named", /the same keyring/u.test(lastError ?? ""), {
    one: ikeOf(one.node),
    two: ikeOf(two.node),
  });
  tell(
    "with another secret nothing leaks",
    seen.clear.length === 0,
    seen.shown,
  );
  const words = await crosslinkOn(one.node, "plan");
  const secrets = `${agent.log()}${words}`.match(/[A-Za-z0-9+/]{43}=/gu);
  tell("no secret is logged", secrets === null, secrets);
  await agent.stop();
}
