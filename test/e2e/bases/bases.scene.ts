/** Clusters with different base CNIs, each linked with all the others: what their pods could do before, and what they can do now. */
import { checkChain } from "../../support/chain.ts";
import { capture } from "../support/capture.ts";
import { crosslinkOn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { calico, declarePools, reassertHook } from "./calico.ts";
import { flannel } from "./flannel.ts";
import { globalrouter, rewriteMasquerade } from "./globalrouter.ts";
import { pingAll } from "./pings.ts";
import { after, comeUp, reach, tellWhoWasServed } from "./reach.ts";
import { bridge, bridgeWithoutMasquerade, ptp } from "./reference.ts";
import { openStage, runOnNode, type Side, type Stage } from "./stage.ts";

/** Packets of pods outside of ESP: all their networks are parts of it. */
const clearText = "not esp and net 10.0.0.0/8";

{
  using stage = await openStage(
    [ptp, bridge, bridgeWithoutMasquerade, flannel, calico, globalrouter],
    { neighbours: 1 },
  );
  const wires = await capture(stage.world.internet, "any");
  const server = await capture(stage.world.server, "eth0");
  for (const side of stage.sides) await comeUp(side);
  for (const side of stage.sides)
    if (side.base === ptp || side.base.discovered) await tellPlan(side);
  await rewriteMasquerades(stage);
  await reach(stage);
  for (const side of stage.sides) await tellCheck(side);
  await yieldToCalico(stage);
  await comeAgain(stage);
  using served = await server.stop();
  tellWhoWasServed(stage, served);
  using recorded = await wires.stop();
  tell(
    "nothing of a pod leaves a node in clear text",
    recorded.count(clearText) === 0 && recorded.count("esp") > 0,
    recorded.show(clearText, 5),
  );
}

/** The second pod's ADD was crosslink's second one on its node: the first has done all. */
async function tellPlan({ base, node }: Side): Promise<void> {
  const plan = await crosslinkOn(node, "plan");
  const origin = base.discovered?.origin ?? `node "${node.name}" in `;
  tell(
    `${base.name}: the plan says where the pod CIDR is from, and has nothing to do`,
    plan.includes(`Pod CIDR ${base.podCidr}, from ${origin}`) &&
      plan.includes("Nothing to do"),
    plan,
  );
}

/** ip-masq-agent's minute is over. */
async function rewriteMasquerades(stage: Stage): Promise<void> {
  await runOnNode(stage, siteOf(stage, globalrouter.name), rewriteMasquerade);
}

/** Where a conflist is too old for CHECK it is asked as if it were 0.4.0, the first version that has it. */
async function tellCheck({ base, pods }: Side): Promise<void> {
  const trouble: string[] = [];
  // Calico's two pods have results of different shapes.
  for (const { call, result } of base === calico ? pods : pods.slice(1)) {
    const old = call.conflist.cniVersion === "0.3.1";
    const cniVersion = old ? "0.4.0" : call.conflist.cniVersion;
    // Debian's bandwidth crashes at a CHECK of a pod that has no limits.
    const plugins = call.conflist.plugins.filter(
      ({ type }) => type !== "bandwidth",
    );
    await checkChain({
      ...call,
      conflist: { ...call.conflist, cniVersion, plugins },
      cachedResult: { ...(result() as object), cniVersion },
    }).catch((error: unknown) => trouble.push(String(error)));
  }
  tell(
    `${base.name}: CHECK finds nothing missing`,
    trouble.length === 0,
    trouble,
  );
}

/** Felix wants to be first in iptables; our table of nf_tables is asked before that. */
async function yieldToCalico(stage: Stage): Promise<void> {
  const side = siteOf(stage, calico.name);
  const remotes = stage.sides.filter(({ base }) => base !== calico);
  const [pod] = side.pods;
  const toAll = remotes.map(({ pods: [remote] }) => ({
    from: pod.namespace,
    to: remote.address(),
  }));
  await runOnNode(stage, side, reassertHook);
  const answered = await pingAll(toAll);
  tell(
    "calico: where its hook is first again, pods reach remote ones all the same",
    !answered.includes(false),
    answered,
  );
  const status = await crosslinkOn(side.node, "status");
  tell(
    "calico: status has nothing to declare then",
    status.includes("identity SNAT is asked before it and wins") &&
      !status.includes("declare an IPPool"),
    status,
  );
  await runOnNode(
    stage,
    side,
    declarePools(remotes.map(({ base }) => base.podCidr)),
  );
  const won = await pingAll(toAll);
  tell(
    "calico: with IPPools for the remote networks, pods reach them",
    !won.includes(false),
    won,
  );
}

/** DEL, and ADD for the same pod, which then reaches a remote one. */
async function comeAgain({ sides }: Stage): Promise<void> {
  for (const side of sides) {
    const { base, node } = side;
    const [pod] = side.pods;
    const trouble = await pod.delete().then(() => "", String);
    const inside = pod.namespace.exec("ip", "-o", "link");
    const left = pod.namespace.exec(
      "ip",
      ...["-n", node.namespace.name, "-d", "link"],
    );
    tell(
      `${base.name}: DEL leaves nothing of the pod`,
      trouble === "" &&
        !inside.includes("eth0") &&
        !left.includes(pod.call.containerId),
      [trouble, inside, left],
    );
    const again = await pod.add().then(() => "", String);
    tell(`${base.name}: a second ADD connects it again`, again === "", again);
  }
  const answers = await pingAll(
    sides.map((side) => ({
      from: side.pods[0].namespace,
      to: after(side, sides).pods[0].address(),
    })),
  );
  for (const [index, { base }] of sides.entries())
    tell(
      `${base.name}: it reaches a remote pod again`,
      answers[index] === true,
    );
}

function siteOf({ sides }: Stage, name: string): Side {
  const side = sides.find(({ base }) => base.name === name);
  if (side === undefined) throw new Error(`There is no ${name}`);
  return side;
}
