import { table } from "../e2e/demo/report.ts";
import { cidrs } from "./contestants.ts";
import type { DataPath } from "./datapath.ts";
import type { IkeFigures } from "./ike.ts";
import { columns, type Row } from "./measure.ts";
import type { Layered } from "./fence/layers.ts";
import type { PeersFigures } from "./peers.ts";
import type { Repair } from "./repair.ts";
import type { AgentRow, Rise } from "./scale/agent.ts";
import { formatSummary, type Summary } from "./statistics.ts";
import type { Storm } from "./storm.ts";

/** Single calls, a row a plugin. */
export function callTable(rows: readonly Row[]): string {
  return table([
    ["", ...columns],
    ...rows.map((row) => [
      row.name,
      ...columns.map((column) => formatSummary(row.columns[column])),
    ]),
  ]);
}

/** ADD by two programs in turns, a row for what both were called with. */
export function layersTable(found: readonly Layered[]): string {
  const rows = [...Map.groupBy(found, ({ name }) => name)].map(
    ([name, programs]) => {
      const of = (layers: Layered["layers"]): Layered | undefined =>
        programs.find((program) => program.layers === layers);
      const [both, policies] = [of("both layers"), of("policies alone")];
      return [
        name,
        ...[both?.wall, policies?.wall].map(formatSummary),
        more(both?.wall, policies?.wall),
        more(both?.busy, policies?.busy),
      ];
    },
  );
  const head = ["both layers", "policies alone", "more", "of a processor"];
  return table([["ADD, by what the fence is", ...head], ...rows]);
}

/** `3.1 %`, by medians. */
function more(one: Summary | undefined, other: Summary | undefined): string {
  if (one === undefined || other === undefined) return "–";
  return `${(100 * (one.median / other.median - 1)).toFixed(1)} %`;
}

/** Many pods at once, a row a chain. */
export function stormTable(storms: readonly Storm[]): string {
  const [first] = storms;
  const title =
    first && `${first.pods} pods from ${first.workers} processes at once`;
  return table([
    [title ?? "", "ADDs a second", "median", "p99"],
    ...storms.map(({ name, addsPerSecond, median, p99 }) => [
      name,
      ...[addsPerSecond, median, p99].map((value) => value.toFixed(0)),
    ]),
  ]);
}

/** Repairs by an agent, a row a kind. */
export function repairTable(repairs: readonly Repair[]): string {
  return table([
    ["an agent, from a change to its effect", "", "milliseconds"],
    ...repairs.map(({ name, remoteCidrs, summary }) => [
      name,
      cidrs(remoteCidrs),
      formatSummary(summary),
    ]),
  ]);
}

export function ikeTable({
  firstPacket,
  throughput,
  rekeyings,
}: IkeFigures): string {
  const rows = (title: string, all: Readonly<Record<string, Summary>>) =>
    Object.entries(all).map(([name, summary]) => [
      `${title}, ${name}`,
      formatSummary(summary),
    ]);
  const { count, pings, lost, untaken, clearText } = rekeyings;
  return table([
    ["by IKE", "median / p90"],
    ...rows("first answer (ms)", firstPacket),
    ...rows("TCP (Mbit/s)", throughput),
    [
      `${String(count)} rekeyings under ${String(pings)} pings`,
      `${String(lost)} lost, ${String(untaken)} not taken, ${String(clearText)} in clear text`,
    ],
  ]);
}

export function peersTable({ renewal, ...figures }: PeersFigures): string {
  const { peers, up, afterReboot, renewed, pings, lost } = figures;
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const megabytes = (value: number): string => `${value.toFixed(0)} MB`;
  return table([
    ["by IKE", `${String(peers)} peers`],
    ["first packets, until all answer", seconds(up)],
    ["the same after a reboot", seconds(afterReboot)],
    [
      `all keys new, under ${String(pings)} pings`,
      `${seconds(renewed)}, ${String(lost)} lost`,
    ],
    ["memory, agent", megabytes(figures.agentMegabytes)],
    ["memory, charon", megabytes(figures.charonMegabytes)],
    [
      "keys renewed by themselves, after",
      `${seconds(renewal.first)} to ${seconds(renewal.last)}, at most ${String(renewal.inTenSeconds)} in 10 s`,
    ],
  ]);
}

/** An agent in meshes of many sizes, a row a size. */
export function agentTable(rows: readonly AgentRow[]): string {
  const rise = ({ fence, all }: Rise): string =>
    `${fence.toFixed(2)} / ${all?.toFixed(1) ?? "–"}`;
  return table([
    [
      ...["nodes", "policies", "SAs"],
      ...["fence / all, new (s)", "fence / all, after a reboot (s)"],
      ...["at rest, of a processor", "at rest, MB", "most, MB", "ADD (ms)"],
    ],
    ...rows.map((row) => [
      row.nodes.toLocaleString("en"),
      row.policies.toLocaleString("en"),
      row.associations.toLocaleString("en"),
      rise(row.first),
      rise(row.again),
      row.restShare === undefined
        ? "–"
        : `${(100 * row.restShare).toFixed(1)} %`,
      row.residentMB.toFixed(0),
      row.peakMB.toFixed(0),
      formatSummary(row.add),
    ]),
  ]);
}

/** The data path, a row a way to set it up. */
export function dataPathTable(paths: readonly DataPath[]): string {
  return table([
    ["pod to pod, encrypted, set up by", "round trip (ms)", "TCP (Mbit/s)"],
    ...paths.map(({ name, roundTrip, throughput }) => [
      name,
      `${roundTrip.median.toFixed(3)} / ${roundTrip.p90.toFixed(3)}`,
      formatSummary(throughput),
    ]),
  ]);
}
