import { expect, it } from "vitest";
import { ownHeap } from "../../../../plugin/agent/heap.ts";

it("ownHeap gives back what nothing refers to, and leaves no `gc` behind", () => {
  const kept = Array.from({ length: 100 }, () =>
    Array.from({ length: 10_000 }, (_, index) => `text ${String(index)}`),
  );
  const full = ownHeap.size();
  kept.length = 0;
  ownHeap.collect();
  expect(full - ownHeap.size()).toBeGreaterThan(16e6);
  expect("gc" in globalThis).toBe(false);
});
