import { list } from "../../kubernetes/api/list.ts";
import { asCluster, type ClusterObject } from "../../kubernetes/kinds.ts";
import { PATHS } from "../../kubernetes/names.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { table } from "../table.ts";
import { accessFor } from "./access.ts";
import { later } from "./later.ts";

/** `crosslink peers`: a line a Cluster, with the age of the last good answer and the first cause of a trouble. */
export function runPeers(options: Options, terminal: Terminal): number {
  const access = accessFor(options, terminal);
  const work = async (): Promise<void> => {
    const { objects } = await list(access, { path: PATHS.clusters });
    const rows = objects.map(asCluster).map((one) => rowOf(one, Date.now()));
    terminal.writeStdout(
      options.json
        ? `${JSON.stringify(rows)}\n`
        : `${table(
            ["CLUSTER", "NODES", "READY", "SEEN", "WHY NOT"],
            rows.map(({ name, nodes, ready, seen, why }) => [
              name,
              String(nodes),
              ready,
              seen,
              why,
            ]),
          )}\n`,
    );
  };
  return later("peers", terminal, work());
}

interface Row {
  readonly name: string;
  readonly nodes: number;
  readonly ready: string;
  readonly seen: string;
  readonly why: string;
}

function rowOf(cluster: ClusterObject, now: number): Row {
  const { metadata, spec, status } = cluster;
  const { name } = metadata;
  const condition = status.conditions?.find(({ type }) => type === "Ready");
  const seen = Date.parse(status.lastSeen ?? "");
  return {
    name: spec.local === true ? `${name} (this one)` : name,
    nodes: status.nodes ?? 0,
    ready: condition?.status ?? "Unknown",
    seen: Number.isNaN(seen) ? "" : `${Math.round((now - seen) / 60_000)}m ago`,
    why: condition?.message ?? whyUnknown(cluster),
  };
}

function whyUnknown({ spec: { local, peer } }: ClusterObject): string {
  return local === true || peer !== undefined
    ? "no publisher has looked at it yet"
    : "it was declared here: nobody asks its API server";
}
