import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { Binding } from "../../../native/binding.ts";
import { openFileWatch } from "../../../native/file-watch.ts";

/** An inotify_event of watch 1, IN_MODIFY, with a name of 16 bytes. */
function event(): Uint8Array {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(0x2, 4);
  bytes.writeUInt32LE(16, 12);
  bytes.write("name", 16);
  return bytes;
}

/** A queue that `left` events are read from, one at a time. */
function queue(left: number) {
  let reads = 0;
  const binding: Pick<Binding, "openFileWatch" | "readFileEvents"> = {
    openFileWatch: () => 7,
    readFileEvents: (_, buffer) => {
      if (reads++ >= left) return -constants.errno.EAGAIN;
      buffer.set(event());
      return event().length;
    },
  };
  return { read: openFileWatch(binding as Binding).read, reads: () => reads };
}

describe("openFileWatch()", () => {
  it.each([0, 1, 1000])("reads a queue of %i events to its end", (count) => {
    expect(queue(count).read()).toEqual(
      Array.from({ length: count }, () => ({
        watch: 1,
        mask: 2,
        name: "name",
      })),
    );
  });

  it("ends where somebody writes faster than it reads, and says so", () => {
    const { read, reads } = queue(Infinity);
    expect(read().at(-1)).toMatchObject({ watch: -1 });
    expect(reads()).toBeLessThan(20_000);
  });
});
