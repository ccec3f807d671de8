import { expect, test } from "vitest";
import { nearest } from "../../../../conf/document/nearest.ts";

const known = ["name", "podCIDRs", "serviceCIDRs", "nodes", "encap"];

test.each([
  ["podCidrs", "podCIDRs"],
  ["podcidr", "podCIDRs"],
  ["serviceCIDR", "serviceCIDRs"],
  ["NAME", "name"],
  ["nmae", undefined],
  ["node", "nodes"],
  ["encapsulation", undefined],
  ["", undefined],
  ["x".repeat(1_000_000), undefined],
])("nearest() takes %j for %j", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
