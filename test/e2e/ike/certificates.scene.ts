/** Who is who by certificates, as charons agree upon it: all but the kernel's SAs, so that any kernel will do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY } from "../agent/nodes.ts";
import { openStage, type Stage, underPing } from "../leak/stage.ts";
import { crosslinkOn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import {
  type Authorities,
  certify,
  foundAuthorities,
  memberOf,
  writeAuthorities,
} from "./authorities.ts";
import { ikeOf, startAgents } from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const { nodes } = stage.world;
  const [one, two] = nodes as readonly [Node, Node];
  const authorities = await foundAuthorities([one, two]);
  await half(one, nodes, authorities);
  for (const node of nodes) await certify(node, node.folder);
  writeAuthorities(nodes, authorities);
  const agents = await startAgents(stage);
  await agree(stage, agents);
  const crl = await memberOf(two.folder, two, "revoke", "two");
  writeAuthorities(nodes, {
    ...authorities,
    cluster2: { ...authorities["cluster2"], ...crl },
  });
  await refused(stage, agents, {
    what: "a revoked certificate is refused within a minute",
    words: /revoked/u,
  });
  const key = readFileSync(join(one.folder, "node.key"), "utf8").split("\n")[1];
  const said = agents.map((agent) => agent.log()).join("");
  tell("no private key is logged", key !== undefined && !said.includes(key));
  for (const agent of agents) await agent.stop();
}

/** One with an authority and one without: a secret would be the weaker proof. */
async function half(
  one: Node,
  nodes: readonly Node[],
  { cluster1 = {} }: Authorities,
): Promise<void> {
  writeAuthorities(nodes, { cluster1 });
  const words = await crosslinkOn(one, "plan").catch(String);
  tell(
    "an authority on one side alone is refused",
    words.includes("one has a certificate authority, the other none"),
    words,
  );
}

async function agree(
  stage: Stage,
  agents: readonly [Agent, Agent],
): Promise<void> {
  // Where no kernel can make the SAs, a charon 6 does not keep the IKE_SA, so it is not listed.
  const said = (): string => agents.map((agent) => agent.log()).join("");
  const isBelieved = (): boolean =>
    /authentication of '(?:one\.cluster1|two\.cluster2)' with ECDSA/u.test(
      said(),
    );
  const seen = await underPing(stage, () =>
    until(isBelieved, { ...SLOWLY, describe: said }),
  );
  tell("by certificates the ends agree", isBelieved(), said().slice(-2_000));
  tell("by certificates nothing leaks", seen.clear.length === 0, seen.shown);
}

/** The first node's own words, within the minute that `until` waits. */
async function refused(
  stage: Stage,
  agents: readonly [Agent, Agent],
  { what, words }: { readonly what: string; readonly words: RegExp },
): Promise<void> {
  const [one] = stage.sides;
  await underPing(stage, () =>
    until(() => words.test(ikeOf(one.node)?.lastError ?? ""), {
      ...SLOWLY,
      describe: () =>
        agents.map((agent) => agent.log().slice(-4_000)).join("\n"),
    }),
  );
  const { state, lastError } = ikeOf(one.node) ?? {};
  tell(what, state !== "up", { state, lastError });
}
