/** Each thing that ADD set up is taken away, alone: CHECK names it, the next ADD brings it back. No key is anywhere, and metrics are true. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ChainError, checkChain } from "../../support/chain.ts";
import { crosslinkOn, mustRunIn, runIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { crosslinkPlugin } from "../support/pod.ts";
import type { Node } from "../support/topology.ts";
import { compareMetrics } from "./metering.ts";
import { addCrosslink, openStage, type Side } from "./stage.ts";

/** What is taken away by a shell, and the words by which CHECK must name it. */
const damages: Readonly<Record<string, readonly [string, RegExp]>> = {
  "an out policy": [
    "ip xfrm policy delete src 10.0.0.0/24 dst 10.0.1.0/24 dir out",
    /policy out 10\.0\.0\.0\/24 -> 10\.0\.1\.0\/24 tunnel/,
  ],
  "an in policy": [
    "ip xfrm policy delete src 10.0.1.0/24 dst 10.0.0.0/24 dir in",
    /policy in 10\.0\.1\.0\/24 -> 10\.0\.0\.0\/24 tunnel/,
  ],
  "a fwd policy": [
    "ip xfrm policy delete src 10.0.1.0/24 dst 10.0.0.0/24 dir fwd",
    /policy fwd 10\.0\.1\.0\/24 -> 10\.0\.0\.0\/24 tunnel/,
  ],
  "a block policy": [
    "ip xfrm policy delete src 0.0.0.0/0 dst 10.0.1.0/24 dir out",
    /policy out 0\.0\.0\.0\/0 -> 10\.0\.1\.0\/24 block/,
  ],
  "the SAs": [
    "ip xfrm state flush",
    /SA 172\.17\.0\.2 -> 203\.0\.113\.2 spi 0x/,
  ],
  "a RETURN rule": [
    "rule=$(iptables-legacy -t nat -S POSTROUTING | grep -m1 -- '--comment crosslink'); iptables-legacy -t nat -D ${rule#-A}",
    /RETURN/,
  ],
  "proxy-ARP": [
    'for file in /proc/sys/net/ipv4/conf/veth*/proxy_arp; do echo 0 > "$file"; done',
    /proxy_arp=1/,
  ],
  forwarding: ["echo 0 > /proc/sys/net/ipv4/ip_forward", /ip_forward=1/],
};

/** All of ours at once, as after a reboot; the base plugin's work stays. */
const reboot = [
  "ip xfrm policy flush",
  "ip xfrm state flush",
  "iptables-legacy -t nat -F POSTROUTING",
  "echo 0 > /proc/sys/net/ipv4/ip_forward",
].join("; ");

const stranger = [
  "ip xfrm policy add src 10.7.0.0/16 dst 10.8.0.0/16 dir out priority 5 action block",
  "iptables-legacy -t nat -A POSTROUTING -s 10.7.0.0/16 -m comment --comment stranger -j ACCEPT",
].join("; ");

{
  using stage = await openStage({ linked: true });
  const [side] = stage.sides;
  await shell(side.node, stranger);
  await checkEachDamage(side);
  await addTwice(side);
  await startAnew(side);
  await searchKeys(side);
  await compareMetrics(stage);
}

async function checkEachDamage(side: Side): Promise<void> {
  const before = await check(side);
  tell("CHECK finds nothing missing after ADD", before === "", before);
  for (const [name, [damage, words]] of Object.entries(damages)) {
    await shell(side.node, damage);
    const missing = await check(side);
    tell(`CHECK names ${name}`, words.test(missing), missing);
    await addCrosslink(side);
  }
  const left = await check(side);
  tell("ADD brings back each of them", left === "", left);
}

async function addTwice(side: Side): Promise<void> {
  const before = await kernelState(side.node);
  await addCrosslink(side);
  const after = await kernelState(side.node);
  tell("a second ADD changes nothing", before === after, { before, after });
}

async function startAnew(side: Side): Promise<void> {
  await shell(side.node, reboot);
  await shell(side.node, stranger);
  await addCrosslink(side);
  const left = await check(side);
  tell("ADD after a reboot sets up everything", left === "", left);
  const state = await kernelState(side.node);
  const kept = state.includes("src 10.7.0.0/16") && state.includes("stranger");
  tell("what others set up stays", kept, state);
  await crosslinkOn(side.node, "teardown");
  const after = await kernelState(side.node);
  const clean = !/crosslink|priority 172|reqid/.test(after);
  const spared =
    after.includes("src 10.7.0.0/16") && after.includes("stranger");
  tell(
    "teardown removes what is ours, and nothing else",
    clean && spared,
    after,
  );
  await addCrosslink(side);
}

/** Greps whatever crosslink wrote or printed for the keyring's secret and for every key in the kernel. */
async function searchKeys(side: Side): Promise<void> {
  const { node } = side;
  const secrets = [...keyringSecrets(node), ...(await kernelKeys(node))];
  const printed = await Promise.all(
    [["plan", "--json"], ["apply"], ["status", "--json"]].map(
      ([command = "", ...words]) => crosslinkOn(node, command, ...words),
    ),
  );
  const log = readFileSync(join(node.folder, "crosslink.log"), "utf8");
  const refused = await refusal(side);
  const shown = [...printed, log, refused].join("\n").toLowerCase();
  const found = secrets.filter((secret) =>
    shown.includes(secret.toLowerCase()),
  );
  tell(
    "no key is printed, logged or in an error",
    secrets.length >= 4 && refused !== "" && found.length === 0,
    `${String(secrets.length)} searched, ${String(found.length)} found`,
  );
  const files = await Promise.all(
    secrets.map((secret) =>
      runIn(
        node.namespace,
        "grep",
        "-rlIis",
        secret,
        "/run",
        "/var/log",
        "/var/lib/cni",
        "/var/lib/crosslink",
      ),
    ),
  );
  const holders = files.map(({ stdout }) => stdout).join("");
  tell("no key is in a file below /run or /var", holders === "", holders);
}

/** What ADD answers when the keyring holds another secret under the same id. */
async function refusal(side: Side): Promise<string> {
  const path = side.node.keyring;
  const change = `cp -p ${path} ${path}.kept; sed -i 's/"secret":"..../"secret":"AAAA/' ${path}`;
  await shell(side.node, change);
  const answer = await addCrosslink(side).then(
    () => "",
    (error: unknown) => String(error),
  );
  await shell(side.node, `mv ${path}.kept ${path}`);
  await addCrosslink(side);
  return answer;
}

function keyringSecrets(node: Node): string[] {
  const text = readFileSync(node.keyring, "utf8");
  const { keys } = JSON.parse(text) as { keys: { secret: string }[] };
  return keys.flatMap(({ secret }) => [
    secret,
    Buffer.from(secret, "base64").toString("hex"),
  ]);
}

async function kernelKeys(node: Node): Promise<string[]> {
  const state = await mustRunIn(node.namespace, "ip", "xfrm", "state");
  return [...state.matchAll(/rfc4106\S+ 0x([0-9a-f]+)/g)].map(
    ([, key = ""]) => key,
  );
}

/** Empty when CHECK is content, else what it names. */
async function check({ node, pod }: Side): Promise<string> {
  const conflist = { ...pod.call.conflist, plugins: [crosslinkPlugin(node)] };
  try {
    await checkChain({ ...pod.call, conflist, cachedResult: pod.result() });
    return "";
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    return error.printed?.details ?? error.message;
  }
}

/** All that could have changed, without counters and times. */
async function kernelState({ namespace }: Node): Promise<string> {
  const looks = [
    ["ip", "-d", "xfrm", "policy"],
    ["ip", "xfrm", "state"],
    ["ip", "route"],
    ["iptables-legacy", "-t", "nat", "-S"],
  ];
  const seen = await Promise.all(
    looks.map(([program = "", ...words]) =>
      mustRunIn(namespace, program, ...words),
    ),
  );
  return seen.join("\n").replace(/anti-replay context:.*/g, "");
}

async function shell(node: Node, script: string): Promise<void> {
  await mustRunIn(node.namespace, "sh", "-c", script);
}
