import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { exposed, metricsIn } from "../../../support/agent/exposed-metrics.ts";
import { OPS } from "../../../support/agent/ops-files.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const { groups } = parse(readFileSync(join(OPS, "alerts.yaml"), "utf8")) as {
  groups: readonly { rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

it.each(rules)("$alert asks for what an agent exposes", (rule) => {
  const known = exposed();
  const used = metricsIn(rule.expr);
  expect(used).not.toEqual([]);
  for (const name of used) expect([...known.keys()]).toContain(name);
  const labels = [...used.flatMap((name) => known.get(name) ?? []), "instance"];
  const texts = Object.values(rule.annotations).join(" ");
  const shown = [...texts.matchAll(/\$labels\.(\w+)/g)];
  expect(shown).not.toEqual([]);
  for (const [, label] of shown) expect(labels).toContain(label);
});

it("calls somebody for each layer of the fence, by a name of its own", () => {
  const names = rules.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  expect(rules.map(({ expr }) => expr)).toContain(
    "crosslink_fence_layer_up == 0",
  );
});
