import { constants } from "node:os";
import type { Binding } from "./binding.ts";
import { NetlinkError } from "./error.ts";
import { i32, u32 } from "./field.ts";
import { decode, struct } from "./layout.ts";

/** What happened in a watched folder, or to what is watched. */
export interface FileEvent {
  /** What {@link FileWatch.add} returned; -1 where events were lost, or are too many to be read at once (IN_Q_OVERFLOW). */
  readonly watch: number;
  readonly mask: number;
  /** The name inside the watched folder; empty for the folder itself. */
  readonly name: string;
}

/** An inotify(7) queue. Unlike `fs.watch` it can be asked at any moment what has happened until then. */
export interface FileWatch {
  readonly fd: number;
  /**
   * Watches a file or folder for these events, following links. What has the same inode has one watch: without
   * `IN_MASK_ADD` in the mask, the latter events replace the former. Throws NetlinkError.
   */
  readonly add: (path: string, mask: number) => number;
  /** Ends a watch that may have ended by itself; IN_IGNORED is queued for it. Throws NetlinkError. */
  readonly remove: (watch: number) => void;
  /**
   * All that is queued, without waiting; where more comes than a queue holds while it is read, the rest stays, and an
   * event of watch -1 ends the list. Throws NetlinkError.
   */
  readonly read: () => FileEvent[];
}

// include/uapi/linux/inotify.h
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_IGNORED = 0x8000;
export const IN_MASK_ADD = 0x20000000;
const IN_Q_OVERFLOW = 0x4000;

const inotifyEvent = struct("inotify_event", 16, {
  wd: i32,
  mask: u32,
  cookie: u32,
  len: u32,
});

/** An event's name has at most 255 bytes and a zero: a read of less might fail (inotify(7)). */
const BUFFER_BYTES = 16 * 1024;

/** As many as a queue holds unless fs.inotify.max_queued_events says otherwise: inotify(7). */
const MOST_EVENTS = 16_384;

/** Stands for events that nobody has read. */
const UNREAD: FileEvent = { watch: -1, mask: IN_Q_OVERFLOW, name: "" };

/** Opens a queue; close its fd when it is no longer wanted. Throws NetlinkError. */
export function openFileWatch(binding: Binding): FileWatch {
  const fd = orThrow(binding.openFileWatch(), "inotify_init1", "watch files");
  const buffer = new Uint8Array(BUFFER_BYTES);
  return {
    fd,
    add: (path, mask) =>
      orThrow(
        binding.addFileWatch(fd, path, mask),
        "inotify_add_watch",
        `watch "${path}"`,
      ),
    remove: (watch) => {
      const result = binding.removeFileWatch(fd, watch);
      if (result === -constants.errno.EINVAL) return; // its file has gone
      orThrow(result, "inotify_rm_watch", `stop watching ${String(watch)}`);
    },
    read: () => readAll(binding, fd, buffer),
  };
}

/** Reads events as the kernel lays them out. @throws RangeError for bytes that end early */
function decodeFileEvents(bytes: Uint8Array): FileEvent[] {
  const events: FileEvent[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const { wd, mask, len } = decode(inotifyEvent, bytes, offset);
    const start = offset + inotifyEvent.size;
    offset = start + len;
    if (offset > bytes.length)
      throw new RangeError("Cannot read a file event: its name ends early");
    const name = Buffer.from(bytes.subarray(start, offset)).toString();
    events.push({ watch: wd, mask, name: name.replace(/\0.*$/s, "") });
  }
  return events;
}

function readAll(
  binding: Binding,
  fd: number,
  buffer: Uint8Array,
): FileEvent[] {
  const events: FileEvent[] = [];
  while (events.length < MOST_EVENTS) {
    const length = binding.readFileEvents(fd, buffer);
    if (length === -constants.errno.EAGAIN || length === 0) return events;
    orThrow(length, "read", "read what happened to files");
    events.push(...decodeFileEvents(buffer.subarray(0, length)));
  }
  return [...events, UNREAD];
}

function orThrow(result: number, operation: string, action: string): number {
  if (result >= 0) return result;
  throw new NetlinkError({ operation, action: () => action }, -result);
}
