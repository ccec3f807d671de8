/** charon's life beside its agent, and what the ends agree upon: all but the kernel's SAs, so that any kernel will do. */
import { randomBytes } from "node:crypto";
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
  const [one] = stage.sites;
  writeKeying(stage.world.nodes, "ike");
  const agents = await startAgents(stage);
  await agree(stage);
  for (const signal of ["SIGKILL", "SIGSTOP"] as const)
    await endCharon(stage, agents[0], signal);
  const pid = charonOf(agents[0]);
  await agents[0].stop();
  tell("charon ends with its agent", !isAlive(pid), pid);
  await killAgent(one.node);
  await tellOfOthers(one.node);
  await mistrust(stage);
  await agents[1].stop();
}

async function agree(stage: Stage): Promise<void> {
  const [one, two] = stage.sites;
  const seen = await underPing(stage, () => agreed(one.node));
  const { localId, remoteId, ikeAlgorithms } = ikeOf(one.node) ?? {};
  tell(
    "the first packet has the ends agree",
    localId === "one.cluster1" &&
      remoteId === "two.cluster2" &&
      ikeAlgorithms === "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519",
    { one: ikeOf(one.node), two: ikeOf(two.node) },
  );
  tell(
    "until there are SAs nothing leaks",
    seen.clear.length === 0,
    seen.shown,
  );
  const status = await statusOf(one.node);
  tell(
    "status shows both identities and the algorithms",
    /IKE with cluster2\/two: \S+, one\.cluster1 to two\.cluster2; AES_GCM_16-256/u.test(
      status,
    ),
    status,
  );
}

async function agreed(node: Node): Promise<void> {
  await until(() => ikeOf(node)?.ikeAlgorithms != null, {
    ...SLOWLY,
    describe: () => JSON.stringify(ikeOf(node)),
  });
}

async function endCharon(
  stage: Stage,
  agent: Agent,
  signal: "SIGKILL" | "SIGSTOP",
): Promise<void> {
  const [one] = stage.sites;
  const pid = charonOf(agent);
  const seen = await underPing(stage, async () => {
    process.kill(pid, signal);
    await anotherCharon(agent, pid);
    await agreed(one.node);
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
  const [one, two] = stage.sites;
  const secret = randomBytes(32).toString("base64");
  writeKeyring([one.node], { active: 1, keys: [{ id: 1, secret }] });
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
