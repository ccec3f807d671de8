import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sample, scrape } from "../../support/agent/scrape.ts";
import { until } from "../../support/until.ts";
import { crosslinkWords, mustRunIn } from "../support/command.ts";
import { tell } from "../support/facts.ts";
import type { Node } from "../support/topology.ts";
import { answered, type Stage, underPing } from "./stage.ts";

/** Holds an agent's metrics of a node that has sent and received against what `ip` says of its SAs. */
export async function compareMetrics(stage: Stage): Promise<void> {
  const [{ node }] = stage.sides;
  const seen = await underPing(stage);
  const text = await metricsOf(node);
  const state = await mustRunIn(node.namespace, "ip", "-s", "xfrm", "state");
  const labels = `cluster="cluster2",peer="two",endpoint="203.0.113.2"`;
  for (const [direction, destination] of [
    ["out", "203.0.113.2"],
    ["in", "172.17.0.2"],
  ] as const) {
    const [bytes, packets] = carried(state, destination);
    const series = `{${labels},direction="${direction}",key="1"}`;
    const value = (name: string): number | undefined =>
      sample(text, `crosslink_${name}${series}`);
    tell(
      `metrics count ${direction === "out" ? "sent" : "received"} bytes and packets as ip does`,
      answered(seen) &&
        Number(packets) > 0 &&
        value("peer_bytes_total") === bytes &&
        value("peer_packets_total") === packets &&
        value("association_present") === 1 &&
        value("association_sequence_used_ratio") ===
          (direction === "out" ? numbered(state, destination) / 2 ** 32 : 0),
      { state, text },
    );
  }
}

/** What the SAs toward an address have carried. */
function carried(state: string, destination: string): (number | undefined)[] {
  const found = state
    .split(/^(?=src )/m)
    .filter((sa) => sa.includes(` dst ${destination}\n`))
    .map((sa) =>
      /lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)/.exec(sa),
    );
  return [1, 2].map((part) =>
    found.reduce((sum, counts) => sum + Number(counts?.[part]), 0),
  );
}

/** The last number that the SA toward an address has given: one that was made anew has begun ahead. */
function numbered(state: string, destination: string): number {
  const sa = state
    .split(/^(?=src )/m)
    .find((text) => text.includes(` dst ${destination}\n`));
  const [, sequence] = /oseq (0x[0-9a-f]+)/.exec(sa ?? "") ?? [];
  return Number(sequence);
}

/** What an agent of this node shows at its start. */
async function metricsOf(node: Node): Promise<string> {
  const run = mkdtempSync(join(tmpdir(), "crosslink-metrics-"));
  const socket = join(run, "metrics.sock");
  const agent = spawn(
    "nsenter",
    [
      `--net=/run/netns/${node.namespace.name}`,
      ...crosslinkWords(node, "agent"),
      ...["--socket", join(run, "agent.sock"), "--metrics", socket],
    ],
    { stdio: "ignore" },
  );
  const ended = once(agent, "exit");
  let text = "";
  await until(async () => {
    text = await scrape(socket).then(
      (answer) => answer.text,
      () => "",
    );
    return text !== "";
  });
  agent.kill("SIGTERM");
  await ended;
  rmSync(run, { recursive: true });
  return text;
}
