import { until } from "../../support/until.ts";
import {
  answered,
  clearText,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { capture } from "../support/capture.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { type Node, writeClusters } from "../support/topology.ts";
import { type Agent, askStatus, SLOWLY, startAgent } from "./nodes.ts";

/**
 * The nodes turn to ESP in UDP; then one of them loses its agent, and gets it back.
 *
 * @returns the agents that run at the end
 */
export async function encapsulate(
  stage: Stage,
  [first, second]: readonly [Agent, Agent],
): Promise<readonly Agent[]> {
  const [, { node }] = stage.sides;
  await turnToUdp(stage.world.nodes);
  await talkByUdp(stage);
  const trouble = askStatus(node);
  tell(
    "STATUS is content while an agent holds the socket",
    trouble === undefined,
    trouble,
  );
  await second.stop();
  const seen = await underPing(stage);
  tell("without its agent a node gets nothing", !answered(seen), seen.pings);
  tell("without its agent a node leaks nothing", isClean(seen), seen.shown);
  const refused = askStatus(node);
  tell(
    "STATUS says 50 without an agent, and why",
    refused?.code === 50 && refused.msg.includes("IPv4 UDP port 4500"),
    refused,
  );
  const again = await startAgent(node);
  const back = await underPing(stage);
  tell("with its agent back a node is reached", withoutLoss(back), back.pings);
  return [first, again];
}

/** The cluster files are all that the agents are given; the socket comes after the SAs that need it. */
async function turnToUdp(nodes: readonly Node[]): Promise<void> {
  writeClusters(nodes, () => ({ encap: "udp" }));
  for (const { namespace, name } of nodes)
    await until(
      async () => {
        const states = await mustRunIn(namespace, "ip", "xfrm", "state");
        const all = states.split(/^(?=src )/m).filter(Boolean);
        const sockets = await mustRunIn(namespace, "ss", "-Hlun");
        return (
          all.length > 0 &&
          all.every((sa) => sa.includes("encap type espinudp")) &&
          sockets.includes(":4500 ")
        );
      },
      {
        ...SLOWLY,
        describe: () =>
          `${name} does not have both SAs and a socket for ESP in UDP`,
      },
    );
}

async function talkByUdp(stage: Stage): Promise<void> {
  const { world } = stage;
  const [wire = ""] = world.nodes.map((node) => node.wire);
  const recorder = await capture(world.internet, wire);
  const seen = await underPing(stage);
  using recording = await recorder.stop();
  const inUdp = recording.count("udp port 4500");
  tell("pods talk by ESP in UDP", withoutLoss(seen), seen.pings);
  tell(
    "ESP in UDP is all that passes the wire",
    inUdp > 0 && seen.esp === 0 && recording.count(clearText) === 0,
    { inUdp, esp: seen.esp, others: recording.show("not udp port 4500", 5) },
  );
  tell("ESP in UDP leaks nothing", isClean(seen), seen.shown);
}

function isClean({ clear }: { readonly clear: readonly number[] }): boolean {
  return clear.length === 0;
}
