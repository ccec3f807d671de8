/** Two nodes by IKE: a recorded stream played again, both charons killed at once, and the secrets looked for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadClusters } from "../../../conf/clusters.ts";
import { loadKeyring } from "../../../conf/keyring.ts";
import { CHARON } from "../../../plugin/ike/charon/process.ts";
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
  spisOf,
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
  await wearOut(stage);
  const upgraded = await upgrade(stage, agents);
  await killBoth(stage, agents);
  tell(
    "the next charon is the upgraded one",
    agents.every((agent) => programOf(charonOf(agent)) === upgraded),
    { upgraded, now: agents.map(charonOf).map(programOf) },
  );
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

/** An SA that has sent all but the last million of its 2^64 packets. */
async function wearOut(stage: Stage): Promise<void> {
  const [one, two] = stage.world.nodes as [Node, Node];
  const old = await spisOf(one);
  // The end that receives first: the other one begins at once.
  const set = [
    await setCounters(two, (state) => state.includes(`dst ${two.privateIp}`)),
    await setCounters(one, (state) => state.includes(`src ${one.privateIp}`)),
  ];
  const seen = await underPing(stage, () =>
    until(
      async () => !(await spisOf(one)).some((spi) => old.includes(spi)),
      SLOWLY,
    ),
  );
  const after = await statesOf(one);
  tell(
    "an SA whose counter nears its end is replaced before it",
    set.every((count) => count > 0) &&
      !after.includes("oseq-hi 0xffffffff") &&
      withoutLoss(seen),
    { set, pings: seen.pings, old, after },
  );
  tell(
    "while it is replaced nothing leaks",
    seen.clear.length === 0,
    seen.shown,
  );
}

/** Says of those SAs that they have sent and taken nearly all (XFRM_MSG_NEWAE with XFRMA_REPLAY_ESN_VAL); how many there were. */
async function setCounters(
  node: Node,
  isMeant: (state: string) => boolean,
): Promise<number> {
  const states = (await statesOf(node))
    .split(/^(?=src )/mu)
    .filter((state) => state.includes("aead ") && isMeant(state))
    .map((state) => [
      ...(/^src (\S+) dst (\S+)/u.exec(state)?.slice(1) ?? []),
      /spi (0x[0-9a-f]+)/u.exec(state)?.[1],
      /replay_window (\d+), bitmap-length (\d+)/u.exec(state)?.[1],
      /replay_window (\d+), bitmap-length (\d+)/u.exec(state)?.[2],
    ]);
  const program = `
import socket, struct, json
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6)
for source, destination, spi, window, words in json.loads('${JSON.stringify(states)}'):
    address = lambda text: socket.inet_aton(text) + bytes(12)
    body = address(destination) + struct.pack(">I", int(spi, 16)) + struct.pack("<HBx", socket.AF_INET, 50)
    body += address(source) + struct.pack("<II", 0, 0)
    near = 0xfff00000
    esn = struct.pack("<6I", int(words), near, near, 0xffffffff, 0xffffffff, int(window)) + bytes(4 * int(words))
    body += struct.pack("<HH", 4 + len(esn), 23) + esn
    netlink.send(struct.pack("<IHHII", 16 + len(body), 30, 0x105, 1, 0) + body)
    error = struct.unpack("<i", netlink.recv(4096)[16:20])[0]
    if error: raise OSError(-error, f"XFRM_MSG_NEWAE for {source} {destination} {spi}")`;
  await mustRunIn(node.namespace, "python3", "-c", program);
  return states.length;
}

/** Another program takes charon's place, as a package's upgrade does it; which one it is, as `programOf` says. */
async function upgrade(
  { world, sides }: Stage,
  agents: readonly [Agent, Agent],
): Promise<number> {
  const next = join(world.nodes[0]!.folder, "charon-next");
  copyFileSync(CHARON, next);
  const seen = await underPing({ world, sides }, () =>
    mustRunIn(world.internet, "mount", "--bind", next, CHARON),
  );
  const upgraded = statSync(CHARON).ino;
  tell(
    "a charon whose package is upgraded goes on",
    withoutLoss(seen) &&
      agents.every((agent) => programOf(charonOf(agent)) !== upgraded),
    { pings: seen.pings, upgraded },
  );
  return upgraded;
}

/** The inode of the program that a process runs. */
function programOf(pid: number): number {
  return statSync(`/proc/${String(pid)}/exe`).ino;
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
