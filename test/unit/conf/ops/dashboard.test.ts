import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exposed, metricsIn } from "../../../support/agent/exposed-metrics.ts";
import { OPS } from "../../../support/agent/ops-files.ts";

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly Target[];
  readonly gridPos: { x: number; y: number; w: number; h: number };
}

const dashboard = JSON.parse(
  readFileSync(join(OPS, "grafana-dashboard.json"), "utf8"),
) as {
  panels: readonly Panel[];
  templating: { list: readonly { name: string; definition?: string }[] };
};

const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ ...target, title })),
);

/** Names of labels in a query's selectors and groupings, and in its legend; those that Prometheus adds left out. */
function labelsIn({ expr, legendFormat }: Target): string[] {
  const selected = [...expr.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)];
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(
    ([, names = ""]) => [...names.matchAll(/(\w+)/g)],
  );
  const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)];
  return [...selected, ...grouped, ...shown]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "instance");
}

describe("grafana-dashboard.json", () => {
  it.each(targets)("$title: $expr asks for what an agent exposes", (target) => {
    const known = exposed();
    const used = metricsIn(target.expr);
    expect(used).not.toEqual([]);
    for (const name of used) expect([...known.keys()]).toContain(name);
    const labels = used.flatMap((name) => known.get(name) ?? []);
    for (const label of labelsIn(target)) expect(labels).toContain(label);
  });

  it("shows every metric that there is", () => {
    const used = new Set(targets.flatMap(({ expr }) => metricsIn(expr)));
    const unused = [...exposed().keys()].filter(
      (name) => !used.has(name) && !/duration_seconds_(sum|count)$/.test(name),
    );
    expect(unused).toEqual([
      "crosslink_reconciliation_duration_seconds_bucket",
    ]);
  });

  it("offers choices by labels that there are", () => {
    const known = exposed();
    for (const { definition } of dashboard.templating.list) {
      if (definition === undefined) continue;
      const [, metric = "", label = ""] =
        /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      expect([...(known.get(metric) ?? []), "instance"]).toContain(label);
      expect([...known.keys()]).toContain(metric);
    }
  });

  it("has panels of their own numbers, none upon another", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) =>
        [x + (cell % w), y + Math.floor(cell / w)].join(),
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});
