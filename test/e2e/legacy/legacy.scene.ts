/** Two nodes whose kernel has no nf_tables: exemption and fence are legacy iptables' rules, and do the same. */
import {
  answered,
  openStage,
  type Seen,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { crosslinkOn, mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { transfer } from "../support/transfer.ts";
import { loadNothing } from "./modules.ts";

const IN = "-A PREROUTING -s REMOTE -m policy --dir in --pol none";
const OUT = "-A POSTROUTING -d REMOTE -m policy --dir out --pol none";

loadNothing();
{
  using stage = await openStage({ linked: true });
  await lookAround(stage);
  await talk(stage);
  await fenceAlone(stage);
  await comeAndGo(stage);
}

async function lookAround({ world }: Stage): Promise<void> {
  const [one] = world.nodes;
  if (one === undefined) throw new Error("The stage has no node");
  const nft = await runIn(one.namespace, "nft", "list", "tables");
  tell("this kernel has no nf_tables", nft.status !== 0, nft);
  const rules = await saved(one.namespace);
  tell(
    "the fence stands in legacy iptables, both ways",
    [IN, OUT].every((rule) =>
      rules.includes(rule.replace("REMOTE", "10.0.1.0/24")),
    ),
    rules,
  );
  const plan = await crosslinkOn(one, "plan");
  tell("the plan has nothing to do", plan.includes("Nothing to do"), plan);
}

async function talk(stage: Stage): Promise<void> {
  const [one, two] = stage.sides;
  const seen = await underPing(stage);
  tell(
    "pods reach each other by ESP",
    withoutLoss(seen) && seen.esp > 0 && seen.clear.length === 0,
    seen,
  );
  const { source, intact } = await transfer(
    one.pod.namespace,
    two.pod.namespace,
    { address: two.pod.address(), bytes: 1000 },
  );
  tell(
    "the far pod sees the pod's own address",
    intact && source === one.pod.address(),
    source,
  );
}

/** Nothing is left of xfrm. What is closed then is closed by iptables. */
async function fenceAlone(stage: Stage): Promise<void> {
  const [one, two] = stage.world.nodes;
  if (one === undefined || two === undefined)
    throw new Error("The stage needs two nodes");
  for (const { namespace } of [one, two]) {
    await mustRunIn(namespace, "ip", "xfrm", "policy", "flush");
    await mustRunIn(namespace, "ip", "xfrm", "state", "flush");
  }
  const closed = await underPing(stage);
  tell(
    "without a policy nothing leaves in clear text",
    closed.clear.length === 0 && !answered(closed),
    closed,
  );
  await open(two.namespace);
  const half = await underPing(stage);
  tell(
    "without a policy nothing is taken that comes in clear text",
    half.clear.length > 0 && noneAnswered(half),
    half,
  );
  await open(one.namespace);
  const wide = await underPing(stage);
  tell("without the fence, leaks are seen", wide.clear.length > 0, wide);
}

/** What an admin might do in despair. */
async function open(place: { name: string }): Promise<void> {
  await mustRunIn(place, "iptables-legacy", "-t", "mangle", "-F");
  await mustRunIn(place, "iptables-legacy", "-t", "raw", "-F");
}

function noneAnswered({ pings }: Seen): boolean {
  return pings.every(({ sent, received }) => sent > 0 && received === 0);
}

async function comeAndGo(stage: Stage): Promise<void> {
  const { nodes } = stage.world;
  for (const node of nodes) await crosslinkOn(node, "apply");
  const mended = await underPing(stage);
  tell(
    "apply brings all of it back",
    answered(mended) && mended.clear.length === 0,
    mended,
  );
  const left: string[] = [];
  for (const node of nodes) {
    await crosslinkOn(node, "teardown");
    left.push(await saved(node.namespace));
  }
  tell(
    "teardown leaves no rule of ours",
    left.every((text) => !text.includes("crosslink")),
    left,
  );
}

function saved(place: { name: string }): Promise<string> {
  return mustRunIn(place, "iptables-legacy-save");
}
