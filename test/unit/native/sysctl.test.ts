import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { Binding } from "../../../native/binding.ts";
import { readSysctl, writeSysctl } from "../../../native/sysctl.ts";

/** A binding whose settings are `value`, or that fails with -errno; `calls` says how it was called. */
function bindingOf(value: string | number): {
  binding: Binding;
  calls: unknown[][];
} {
  const calls: unknown[][] = [];
  const part: Partial<Binding> = {
    readSysctl: (netns, path, buffer) => {
      calls.push([netns, path]);
      return typeof value === "number"
        ? value
        : Buffer.from(buffer.buffer, buffer.byteOffset).write(value);
    },
    writeSysctl: (netns, path, bytes) => {
      calls.push([netns, path, Buffer.from(bytes).toString()]);
      return typeof value === "number" ? value : bytes.length;
    },
  };
  return { binding: part as Binding, calls };
}

describe("readSysctl()", () => {
  it("returns the value without its newline", () => {
    const { binding, calls } = bindingOf("1\t2\n");
    expect(readSysctl(binding, "net/ipv4/tcp_rmem", { netns: 9 })).toBe("1\t2");
    expect(calls).toEqual([[9, "net/ipv4/tcp_rmem"]]);
  });

  it("returns undefined where there is no such setting", () => {
    expect(
      readSysctl(bindingOf(-constants.errno.ENOENT).binding, "net/none"),
    ).toBeUndefined();
  });

  it("throws with the path", () => {
    const { binding } = bindingOf(-constants.errno.EACCES);
    expect(() => readSysctl(binding, "net/x")).toThrow(
      'Cannot read sysctl "net/x": read: EACCES (Permission denied)',
    );
  });
});

describe("writeSysctl()", () => {
  it("writes in the thread's own namespace where none is named", () => {
    const { binding, calls } = bindingOf("");
    writeSysctl(binding, "net/ipv4/ip_forward", "1");
    expect(calls).toEqual([[-1, "net/ipv4/ip_forward", "1\n"]]);
  });

  it("throws with path and value", () => {
    const { binding } = bindingOf(-constants.errno.EROFS);
    expect(() => {
      writeSysctl(binding, "net/x", "7");
    }).toThrow('Cannot set sysctl "net/x" to "7": write: EROFS');
  });
});
