import type { Holding } from "./inventory.ts";

/** Holdings as a table, one a line. */
export function renderTable(holdings: readonly Holding[]): string {
  if (holdings.length === 0) return "No addresses are held.";
  const rows = holdings.map((holding) => [
    holding.network,
    holding.address,
    holding.containerID ?? `(${holding.kind} file)`,
    holding.ifname ?? "-",
    holding.since,
    state(holding),
  ]);
  return columns([
    ["NETWORK", "ADDRESS", "CONTAINER", "INTERFACE", "SINCE", "STATE"],
    ...rows,
  ]);
}

/** Everything that is known of holdings, a paragraph each. */
export function renderDetails(holdings: readonly Holding[]): string {
  return holdings
    .map((holding) =>
      columns([
        ["address", holding.address],
        ["network", holding.network],
        [
          "container",
          holding.containerID ?? `none: ${EXPLAINED[holding.kind]}`,
        ],
        ["interface", holding.ifname ?? "unknown"],
        ["since", holding.since],
        ["namespace", holding.netns ?? "unknown"],
        ["state", state(holding)],
      ]),
    )
    .join("\n\n");
}

const EXPLAINED: Readonly<Record<Holding["kind"], string>> = {
  held: "",
  legacy: "",
  empty: "the file is empty, a program died before it wrote to it; GC frees it",
  foreign: "the file is no reservation; nothing touches it",
};

function state({ kind, stale }: Holding): string {
  if (kind === "empty" || kind === "foreign") return kind;
  if (stale === undefined) return "unknown";
  return stale ? "stale" : "in use";
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
