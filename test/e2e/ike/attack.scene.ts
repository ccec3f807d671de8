/** Two nodes by IKE: a recorded stream played again, both charons killed at once, and the secrets looked for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadClusters } from "../../../conf/clusters.ts";
import { loadKeyring } from "../../../conf/keyring.ts";
import { routerTunnels } from "../../../plugin/mesh/router-tunnels.ts";
import { until } from "../../support/until.ts";
import { type Agent, SLOWLY } from "../agent/nodes.ts";
import {
  openStage,
  type Stage,
  underPing,
  withoutLoss,
} from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Place } from "../../support/namespace.ts";
import type { Node } from "../support/topology.ts";
import {
  anotherCharon,
  bothUp,
  charonOf,
  ikeOf,
  startAgents,
  statesOf,
  writeKeying,
} from "./stage.ts";

{
  using stage = await openStage({ linked: false });
  writeKeying(stage.world.nodes, "ike");
  const agents = await startAgents(stage);
  await underPing(stage, () => bothUp(stage.world.nodes));
  await replay(stage);
  await killBoth(stage, agents);
  lookForSecrets(stage.world.nodes, agents);
  for (const agent of agents) await agent.stop();
}

/** What went to the second node goes there once more, from the wire. */
async function replay(stage: Stage): Promise<void> {
  const [, two] = stage.sides;
  const { internet } = stage.world;
  const file = join(two.node.folder, "recorded.pcap");
  const tcpdump = spawn(
    "nsenter",
    [
      `--net=/run/netns/${internet.name}`,
      ...["tcpdump", "-i", two.node.wire, "-U", "-Z", "root", "-w", file],
      ...["esp or udp port 4500", "and", "dst", two.node.privateIp],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  await once(tcpdump.stderr, "data");
  await underPing(stage, () => sleep(1_000));
  const ended = once(tcpdump, "exit");
  tcpdump.kill("SIGINT");
  await ended;
  const before = await inboundOf(two.node);
  const frames = await sendAgain(internet, two.node.wire, file);
  await sleep(500);
  const after = await inboundOf(two.node);
  tell(
    "of a recorded stream that is played again nothing is accepted",
    frames > 20 &&
      after.packets === before.packets &&
      after.replayed - before.replayed >= frames * 0.9,
    { frames, before, after },
  );
}

/** Sends the ESP packets of a recording; how many. IKE's own, with four zeros ahead (RFC 3948 §2.2), are left out. */
async function sendAgain(
  place: Place,
  wire: string,
  file: string,
): Promise<number> {
  const program = `
import socket, struct, sys
data = open("${file}", "rb").read()
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("${wire}", 0))
at, sent = 24, 0
while at < len(data):
    length = struct.unpack("<IIII", data[at:at + 16])[2]
    frame = data[at + 16:at + 16 + length]
    at += 16 + length
    if frame[23] == 17 and (len(frame) < 60 or frame[42:46] == bytes(4)): continue
    wire.send(frame)
    sent += 1
print(sent)`;
  return Number(await mustRunIn(place, "python3", "-c", program));
}

/** What a node's inbound SAs have accepted, and refused as known. */
async function inboundOf(
  node: Node,
): Promise<{ packets: number; replayed: number }> {
  const states = (await statesOf(node)).split(/^(?=src )/mu);
  const inbound = states.filter((state) =>
    state.includes(`dst ${node.privateIp}`),
  );
  const sum = (pattern: RegExp): number =>
    inbound.reduce(
      (total, state) => total + Number(pattern.exec(state)?.[1] ?? 0),
      0,
    );
  return {
    packets: sum(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/u),
    replayed: sum(/ replay (\d+) /u) + sum(/replay-window (\d+) replay /u),
  };
}

async function killBoth(
  stage: Stage,
  agents: readonly [Agent, Agent],
): Promise<void> {
  const pids = agents.map(charonOf);
  const seen = await underPing(stage, async () => {
    for (const pid of pids) process.kill(pid, "SIGKILL");
    for (const [index, agent] of agents.entries())
      await anotherCharon(agent, pids[index]!);
    await bothUp(stage.world.nodes);
  });
  tell(
    "both charons killed at once leak nothing",
    seen.clear.length === 0,
    seen.shown,
  );
  await until(async () => withoutLoss(await underPing(stage)), {
    ...SLOWLY,
    describe: () => JSON.stringify(stage.world.nodes.map(ikeOf)),
  });
  tell("both charons killed at once heal", true);
}

/** In whatever of ours is written anywhere, and in what is known of charon's process. */
function lookForSecrets(
  nodes: readonly Node[],
  agents: readonly Agent[],
): void {
  const [one] = nodes;
  const clusters = loadClusters(one!.clustersDir);
  const [source] = clusters;
  const [router] = routerTunnels(clusters, source!, loadKeyring(one!.keyring));
  const [psk] = router!.tunnels[0]!.secrets;
  const text = Buffer.from(psk!.psk.bytes()).toString();
  const places = new Map([
    ...agents.map((agent, i) => [`log ${String(i)}`, agent.log()] as const),
    ...nodes.flatMap(({ folder }) => filesBelow(join(folder, "run"))),
    ...["/run/crosslink", "/var/lib/crosslink"].flatMap(filesBelow),
    ...agents.flatMap((agent) =>
      ["environ", "cmdline"].map((name) => {
        const path = `/proc/${String(charonOf(agent))}/${name}`;
        return [path, readFileSync(path, "latin1")] as const;
      }),
    ),
  ]);
  const hex = Buffer.from(text).toString("hex");
  const found = [...places]
    .filter(([, content]) => [text, hex].some((word) => content.includes(word)))
    .map(([path]) => path);
  tell(
    "no pre-shared key is in any file, log or process's words",
    text.length === 44 && places.size > 4 && found.length === 0,
    { places: [...places.keys()], found },
  );
}

function filesBelow(folder: string): (readonly [string, string])[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => [path, readFileSync(path, "latin1")] as const);
  } catch {
    return []; // it is not there
  }
}
