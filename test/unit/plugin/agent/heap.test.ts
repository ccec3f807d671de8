import { execFileSync } from "node:child_process";
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

/** What V8's heap takes at the most where 40 MB stay, and all of it is made anew again and again. */
function mostTaken(prologue: string): number {
  const heap = new URL("../../../../plugin/agent/heap.ts", import.meta.url);
  const script = `
    import { getHeapStatistics } from "node:v8";
    import { growSparingly } from ${JSON.stringify(heap.pathname)};
    ${prologue}
    const kept = [];
    let most = 0;
    for (let n = 0; n < 10_000; n += 1) {
      kept[n % 1000] = new Array(1000).fill(n).map((x) => ({ x }));
      if (n % 100 === 0) most = Math.max(most, getHeapStatistics().used_heap_size);
    }
    console.log(most);`;
  const words = [
    ...["--max-semi-space-size=4", "--experimental-strip-types"],
    ...["--input-type=module", "-e", script],
  ];
  return Number(execFileSync(process.execPath, words, { encoding: "utf8" }));
}

// In processes of their own: it holds for the rest of one's life.
it("growSparingly() has V8 collect before the heap is three times what stays", () => {
  const [left, stays, once] = [
    "",
    'growSparingly("stays");',
    'growSparingly("looksOnce");',
  ].map(mostTaken);
  expect(stays).toBeLessThan(120e6);
  expect(once).toBeLessThan(120e6);
  expect(left).toBeGreaterThan(120e6);
});
