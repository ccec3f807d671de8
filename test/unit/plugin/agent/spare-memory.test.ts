import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  type SpareMemory,
  spareMemory,
} from "../../../../plugin/agent/spare-memory.ts";

const MB = 1024 * 1024;

let size = 0;
let collected = 0;
let released = 0;
/** At how many collections so far, and one. */
let freed = 0;
let spare: SpareMemory;

beforeEach(() => {
  vi.useFakeTimers();
  [size, collected, released, freed] = [20 * MB, 0, 0, 0];
  const heap = {
    size: () => size,
    collect: () => {
      collected += 1;
      size /= 2;
    },
  };
  const releaseFreed = (): number => (freed = collected + 1);
  const releaseImage = (): number => (released += 1);
  spare = spareMemory({ releaseFreed, releaseImage }, heap);
});

afterEach(() => {
  vi.useRealTimers();
});

/** Something happens, and then nothing for so long. */
function quietFor(seconds: number): void {
  spare.busy();
  vi.advanceTimersByTime(seconds * 1000);
}

it("gives the program's pages back after 5 s, and leaves a small heap alone", () => {
  quietFor(4);
  expect(released).toBe(0);
  quietFor(6);
  expect([released, freed]).toEqual([1, 1]);
  size = 90 * MB;
  quietFor(60);
  expect(collected).toBe(0);
});

it("collects a large heap once it is quiet, and again only where it has grown", () => {
  size = 400 * MB;
  for (let look = 0; look < 10; look += 1) quietFor(20);
  expect(collected).toBe(0);
  quietFor(31);
  expect([collected, size]).toEqual([1, 200 * MB]);
  // After it, not before.
  expect(freed).toBe(2);
  size += 30 * MB;
  quietFor(31);
  expect(collected).toBe(1);
  size += 3 * MB;
  quietFor(31);
  expect(collected).toBe(2);
});

it("does nothing more once it is stopped", () => {
  size = 400 * MB;
  spare.busy();
  spare.stop();
  vi.advanceTimersByTime(60_000);
  expect([collected, released]).toEqual([0, 0]);
});
