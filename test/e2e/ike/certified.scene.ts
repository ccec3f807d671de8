/** Whom certificates let pass where there is ESP, under constant ping: the peer; nobody that was revoked, or shows another's. */
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY } from "../agent/nodes.ts";
import {
  answered,
  openStage,
  type Seen,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import {
  type Authorities,
  certify,
  foundAuthorities,
  memberOf,
  writeAuthorities,
} from "./authorities.ts";
import { impostor } from "./impostor.ts";
import {
  bothUp,
  connectionOn,
  ikeOf,
  isShut,
  knownBy,
  startAgents,
} from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  const { nodes } = stage.world;
  const [one, two] = nodes as readonly [Node, Node];
  const authorities = await foundAuthorities([one, two]);
  for (const node of nodes) await certify(node, node.folder);
  writeAuthorities(nodes, authorities);
  const [first, second] = await startAgents(stage);
  const seen = [await talk(stage)];
  seen.push(...(await revoke(stage, authorities)));
  const name = await connectionOn(two);
  await second.stop();
  seen.push(...(await pose(stage, first, reqidIn(name))));
  tell(
    "whoever shows what, nothing leaks",
    seen.every(({ clear }) => clear.length === 0),
    seen.map(({ shown }) => shown),
  );
  await first.stop();
}

/** What the connection is called is its policies' reqid. */
function reqidIn(connection: string): number {
  return Number.parseInt(connection.replace("crosslink-", ""), 16);
}

async function talk(stage: Stage): Promise<Seen> {
  const coming = await underPing(stage, () => bothUp(stage.world.nodes));
  const seen = await underPing(stage);
  tell("by certificates pods talk without loss", withoutLoss(seen), seen.pings);
  return coming;
}

/** The node's key goes on with a certificate that was signed since. */
async function revoke(
  stage: Stage,
  authorities: Authorities,
): Promise<readonly Seen[]> {
  const { nodes } = stage.world;
  const [one, two] = nodes as readonly [Node, Node];
  const revoked = {
    ...authorities["cluster2"],
    ...(await memberOf(two.folder, two, "revoke", "two")),
  };
  const began = performance.now();
  const ending = await underPing(stage, async () => {
    writeAuthorities(nodes, { ...authorities, cluster2: revoked });
    await knownBy([one], "revoked");
  });
  const seconds = (performance.now() - began) / 1000;
  const shut = await underPing(stage);
  tell("who is revoked has no tunnel any more", isShut(shut), {
    pings: shut.pings,
    ike: ikeOf(one),
    seconds,
  });
  await certify(two, two.folder);
  const healing = await underPing(stage, () => bothUp(nodes));
  const after = await underPing(stage);
  tell("until it is signed again", withoutLoss(after), after.pings);
  return [ending, shut, healing, after];
}

/** One after the other in place of the second node. That what is refused is the certificate shows the one that is taken. */
async function pose(
  stage: Stage,
  agent: Agent,
  reqid: number,
): Promise<readonly Seen[]> {
  const [one, two] = stage.world.nodes as readonly [Node, Node];
  const play = async (subject: string, authority: string, said: RegExp) => {
    const before = agent.log().length;
    const shown = { subject, authority, toward: one, reqid };
    await using stack = new AsyncDisposableStack();
    stack.use(await impostor(two, shown));
    const log = () => agent.log().slice(before);
    const coming = await underPing(stage, () =>
      until(() => said.test(log()), { ...SLOWLY, describe: log }),
    );
    const seen = await underPing(stage);
    return { seen, all: [coming, seen], log: log() };
  };
  // charon remembers the right certificate, too, and tries that one's key.
  const untrusted =
    /no trusted \S+ public key found for 'two\.cluster2'|constraint check failed|signature validation failed/u;
  const foreign = await play("two.cluster2", one.folder, untrusted);
  tell(
    "a certificate of another cluster's authority is refused",
    isShut(foreign.seen),
    { pings: foreign.seen.pings, log: foreign.log.slice(-2_000) },
  );
  const other = await play("three.cluster2", two.folder, untrusted);
  tell(
    "a certificate of the own authority with another node's name is refused",
    isShut(other.seen),
    { pings: other.seen.pings, log: other.log.slice(-2_000) },
  );
  const established = /CHILD_SA crosslink-\S+ established/u;
  const right = await play("two.cluster2", two.folder, established);
  tell("the right one is taken", answered(right.seen), {
    pings: right.seen.pings,
    log: right.log.slice(-2_000),
  });
  return [foreign, other, right].flatMap(({ all }) => all);
}
