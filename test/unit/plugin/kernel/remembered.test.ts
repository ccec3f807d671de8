import { expect, it, vi } from "vitest";
import { remembered } from "../../../../plugin/kernel/remembered.ts";

it("remembered() looks once for a key, also where there is nothing", () => {
  const look = vi.fn((key: number) => (key === 1 ? "one" : undefined));
  const get = remembered(look);
  expect([1, 2, 1, 2].map(get)).toEqual(["one", undefined, "one", undefined]);
  expect(look).toHaveBeenCalledTimes(2);
});

it("remembered() knows keys by their names, where told how", () => {
  const look = vi.fn((key: Uint8Array) => key.length);
  const get = remembered(look, (key) => key.join("."));
  expect([get(Uint8Array.of(1, 2)), get(Uint8Array.of(1, 2))]).toEqual([2, 2]);
  expect(look).toHaveBeenCalledTimes(1);
});
