import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { Binding } from "../../../native/binding.ts";
import { lockFile, unlockFile } from "../../../native/lock.ts";

function bindingOf(result: number): { binding: Binding; calls: number[][] } {
  const calls: number[][] = [];
  const part: Partial<Binding> = {
    flock: (...call) => {
      calls.push(call);
      return result;
    },
  };
  return { binding: part as Binding, calls };
}

describe("lockFile()", () => {
  it("asks for LOCK_EX, and for LOCK_NB where it must not wait", () => {
    const { binding, calls } = bindingOf(0);
    expect(lockFile(binding, 5, { wait: true })).toBe(true);
    expect(lockFile(binding, 5, { wait: false })).toBe(true);
    expect(calls).toEqual([
      [5, 2],
      [5, 2 | 4],
    ]);
  });

  it("returns false where somebody else has it", () => {
    expect(
      lockFile(bindingOf(-constants.errno.EAGAIN).binding, 5, { wait: false }),
    ).toBe(false);
  });

  it("throws for anything else", () => {
    const { binding } = bindingOf(-constants.errno.EBADF);
    expect(() => lockFile(binding, 5, { wait: false })).toThrow(
      "Cannot lock the file of fd 5: flock: EBADF",
    );
    expect(() => {
      unlockFile(binding, 5);
    }).toThrow("Cannot unlock the file of fd 5");
  });
});

describe("unlockFile()", () => {
  it("asks for LOCK_UN", () => {
    const { binding, calls } = bindingOf(0);
    unlockFile(binding, 5);
    expect(calls).toEqual([[5, 8]]);
  });
});
