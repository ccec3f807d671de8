/** A router that crosslink does not run on: strongSwan as Debian has it, set up from what `crosslink routes` prints. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "../../support/until.ts";
import { addByAgent, SLOWLY, startAgent } from "../agent/nodes.ts";
import { answered, openStage, type Stage, underPing } from "../leak/stage.ts";
import { mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import { writeRouterFiles } from "./router-files.ts";
import { ikeOf, writeKeying } from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const [one, two] = stage.sides;
  writeKeying(stage.world.nodes, "ike");
  const file = await writeFiles(two.node);
  const stopRouter = await startRouter(two.node, file);
  const agent = await startAgent(one.node);
  await addByAgent(one, stage.world);
  await fromHere(stage);
  await fromThere(stage);
  await agent.stop();
  await stopRouter();
}

async function writeFiles(router: Node): Promise<string> {
  const { file, printed } = await writeRouterFiles(router);
  tell(
    "what is printed for a router holds no secret",
    !/[0-9a-f]{64}|[A-Za-z0-9+/]{43}=/u.test(printed),
    printed,
  );
  return file;
}

/** strongSwan needs what it says of NAT: what it encrypts keeps its address. */
async function startRouter(
  { namespace }: Node,
  file: string,
): Promise<() => Promise<void>> {
  await mustRunIn(
    namespace,
    "sh",
    "-c",
    "for tables in iptables-legacy iptables-nft; do $tables -t nat -I POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT || true; done",
  );
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${namespace.name}`, "charon-systemd"],
    { stdio: "ignore" },
  );
  await until(
    async () =>
      (await runIn(namespace, "swanctl", "--load-all", "--file", file))
        .status === 0,
    SLOWLY,
  );
  return async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  };
}

async function fromHere(stage: Stage): Promise<void> {
  const [one, two] = stage.sides;
  const seen = await underPing(stage, () =>
    until(() => ikeOf(one.node)?.state === "up", {
      ...SLOWLY,
      describe: () => JSON.stringify(ikeOf(one.node)),
    }),
  );
  const listed = await listedBy(two.node);
  tell(
    "a router set up by hand and a node talk",
    answered(seen) && /AES_GCM_16-256[^\n]*ESN/u.test(listed),
    { listed, pings: seen.pings, ike: ikeOf(one.node) },
  );
  tell("with a router nothing leaks", seen.clear.length === 0, seen.shown);
}

/** All is taken down; then only the router's computers speak. */
async function fromThere({ sides: [one, two] }: Stage): Promise<void> {
  const { namespace } = two.node;
  const [, name = ""] =
    /^(crosslink-[0-9a-f]+):/mu.exec(await listedBy(two.node)) ?? [];
  await mustRunIn(namespace, "swanctl", "--terminate", "--ike", name);
  const gone = await listedBy(two.node);
  const words = ["-c", "40", "-i", "0.5", "-W", "2", one.pod.address()];
  const { stdout } = await runIn(two.pod.namespace, "ping", ...words);
  const listed = await listedBy(two.node);
  tell(
    "the router can begin as well",
    !gone.includes("ESTABLISHED") &&
      /_i\*/u.test(listed) &&
      /[1-9]\d* received/u.test(stdout),
    { gone, listed, stdout },
  );
}

function listedBy({ namespace }: Node): Promise<string> {
  return mustRunIn(namespace, "swanctl", "--list-sas");
}
