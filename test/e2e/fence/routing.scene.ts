/** Other ways than the main table's to a next hop, and both layers of the fence taken away one after the other. */
import { spawnSync } from "node:child_process";
import { addCrosslink, openStage, type Stage } from "../leak/stage.ts";
import { mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import { isShut, LAYERS, type Passing, take, underTraffic } from "./traffic.ts";

/** By a shell in the first node. The last stays: what is taken out of a VRF has lost its routes. */
const every: Readonly<Record<string, readonly [string, string]>> = {
  "a route by a device of IPIP": [
    `ip link add wrap type ipip local 172.17.0.2 remote 203.0.113.2
     ip link set wrap up
     ip route replace 10.0.1.0/24 dev wrap`,
    "ip link delete wrap",
  ],
  "a route by a device of GRE": [
    `ip link add wrap type gre local 172.17.0.2 remote 203.0.113.2
     ip link set wrap up
     ip route replace 10.0.1.0/24 dev wrap`,
    "ip link delete wrap",
  ],
  "pods in a VRF": [
    `ip link add vrf77 type vrf table 77
     ip link set vrf77 up
     ip route add table 77 default via 172.17.0.1 dev eth0
     for pod in $(ip -o link | sed -n '/alias crosslink/s/^[0-9]*: \\([^@:]*\\).*/\\1/p'); do
       ip link set "$pod" master vrf77
     done`,
    "true",
  ],
};

{
  // A kernel may come without: the test says so.
  const hasVrf = spawnSync("modprobe", ["vrf"]).status === 0;
  const ways = Object.entries(every).filter(
    ([way]) => hasVrf || !way.includes("VRF"),
  );
  using stage = await openStage({ linked: true });
  const [side] = stage.sides;
  const open = (way: string): string => `${way}, with both layers gone`;
  const steps = ways.flatMap(([way, [set, unset]]) => [
    [way, (passing: Passing) => takeEach(stage, set, passing)] as const,
    [
      open(way),
      async (passing: Passing) => {
        await take(side, passing, LAYERS.policies, LAYERS.rules);
        await mustRunIn(side.node.namespace, "sh", "-ec", unset);
        await addCrosslink(side).catch(() => undefined);
      },
    ] as const,
  ]);
  const traffic = await underTraffic(stage, Object.fromEntries(steps));
  for (const [way] of ways) {
    const seen = traffic.during(way);
    tell(`${way}: no clear text, whichever layer goes`, isShut(seen), {
      seen,
      shown: traffic.shown,
    });
    const after = traffic.during(open(way));
    tell(`${way}: with both layers gone clear text is seen`, after.clear > 0, {
      after,
    });
  }
}

async function takeEach(
  { sides: [side] }: Stage,
  way: string,
  passing: Passing,
): Promise<void> {
  await mustRunIn(side.node.namespace, "sh", "-ec", way);
  for (const layer of [LAYERS.policies, LAYERS.rules]) {
    await take(side, passing, layer);
    // Where a way is in its way, ADD may refuse: the fence stands before it does.
    await addCrosslink(side).catch(() => undefined);
  }
  await take(side, passing, LAYERS.policies);
}
