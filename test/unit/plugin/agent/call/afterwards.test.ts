import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { afterwards } from "../../../../../plugin/agent/call/afterwards.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it("afterwards() does nothing at once, then all in order, with one timer", () => {
  const done: string[] = [];
  const later = afterwards();
  for (const name of ["line", "count"])
    later(() => {
      done.push(name);
    });
  expect([done, vi.getTimerCount()]).toEqual([[], 1]);
  vi.runAllTimers();
  expect(done).toEqual(["line", "count"]);
});

it("afterwards() puts off what work asks for again", () => {
  const done: string[] = [];
  const later = afterwards();
  later(() => {
    later(() => {
      done.push("second");
    });
    done.push("first");
  });
  vi.advanceTimersToNextTimer();
  expect(done).toEqual(["first"]);
  vi.advanceTimersToNextTimer();
  expect(done).toEqual(["first", "second"]);
});
