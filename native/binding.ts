import { join } from "node:path";

/**
 * The addon's functions, addon/addon.c. Each is one kernel conversation: it returns a non-negative result or -errno, and
 * never throws. Arguments of the wrong type are -EINVAL.
 */
export interface Binding {
  /** Opens a netlink socket in the namespace behind `netnsFd`, or in the thread's own with -1. Returns its fd. */
  open(protocol: number, netnsFd: number): number;
  /** Makes an empty network namespace, for a trial that nobody sees. Returns its fd, for `open` and then `close`. */
  makeNamespace(): number;
  /** The number of a socket's network namespace, which no other of this boot has or had (SO_NETNS_COOKIE, Linux 5.14). */
  namespaceCookie(fd: number): number;
  close(fd: number): number;
  /** Sends one datagram to the kernel. Returns its length. */
  send(fd: number, datagram: Uint8Array): number;
  /**
   * Takes the next datagram that the kernel itself sent. Returns its length; where that is more than the buffer
   * holds, the datagram stays queued for a call with a larger one. -ETIMEDOUT after `timeoutMs` (0: at once, -1: never).
   */
  receive(fd: number, buffer: Uint8Array, timeoutMs: number): number;
  /** The socket's netlink port id, which the kernel chose. */
  portId(fd: number): number;
  /** Joins a multicast group (`RTNLGRP_LINK`, `XFRMNLGRP_ACQUIRE` …), so that `receive` sees its notifications. */
  addMembership(fd: number, group: number): number;
  /** flock(2). Retries EINTR; -EWOULDBLOCK (-EAGAIN) where LOCK_NB finds it taken. */
  flock(fd: number, operation: number): number;
  /** Reads /proc/sys/`path` as the namespace sees it. `path` starts with "net/". Returns the length read. */
  readSysctl(netnsFd: number, path: string, buffer: Uint8Array): number;
  /** Writes /proc/sys/`path` as the namespace sees it. `path` starts with "net/". Returns the length written. */
  writeSysctl(netnsFd: number, path: string, value: Uint8Array): number;
  /** Listens for SOCK_SEQPACKET connections at a path, mode 0600; replaces a socket that was left there. Returns a fd that never blocks. */
  listenLocal(path: string): number;
  /** Takes the next connection. Returns its fd, which never blocks; -EAGAIN where none is waiting. */
  acceptLocal(fd: number): number;
  /** The user id of the process at the other end (SO_PEERCRED). */
  peerUser(fd: number): number;
  /** Takes one message, and up to `files.length` descriptors that came with it. Returns its length, 0 at the end; -EMSGSIZE where it does not fit. */
  receiveLocal(
    fd: number,
    buffer: Uint8Array,
    files: Int32Array,
    timeoutMs: number,
  ): number;
  /** Sends one message. Returns its length; -EAGAIN where the other end does not read for 2 s. */
  sendLocal(fd: number, message: Uint8Array): number;
  /** Calls back from the event loop whenever the file can be read. Returns what `unwatch` takes. */
  watch(fd: number, callback: () => void): number;
  unwatch(handle: number): number;
  /** inotify_init1(2). Returns a fd that never blocks. */
  openFileWatch(): number;
  /** inotify_add_watch(2). Returns the watch descriptor; the same for the same file. */
  addFileWatch(fd: number, path: string, mask: number): number;
  /** Ends a watch of the queue. */
  removeFileWatch(fd: number, watch: number): number;
  /** Reads queued events, whole ones. Returns their length; -EAGAIN where none is queued. */
  readFileEvents(fd: number, buffer: Uint8Array): number;
  /** Opens a UDP socket on a port of all addresses that hands ESP in UDP to the kernel (RFC 3948). Returns its fd. */
  openEncapsulation(netnsFd: number, family: number, port: number): number;
  /**
   * Gives back the memory of the program's own file, but for what it has changed (madvise(2), MADV_DONTNEED): it is read
   * from the page cache again where it is needed again. For programs that stay, and need little of what their start took.
   */
  releaseImage(): number;
  /**
   * Gives back what malloc keeps of what was freed (malloc_trim(3)): by itself it does so for the end of its heap alone, and what lies
   * before something that is in use stays. Returns 0.
   */
  releaseFreed(): number;
  /**
   * bpf(2), BPF_PROG_QUERY: the ids of the programs that a device of the namespace has at an attach point, in host order, as many
   * as `ids` holds. Returns how many there are; -EINVAL where the kernel has no such point.
   */
  attachedPrograms(
    netnsFd: number,
    index: number,
    attachType: number,
    ids: Uint8Array,
  ): number;
  /** The name of a loaded BPF program, at most 15 bytes. Returns its length; -ENOENT where there is none of this id, -EPERM without CAP_SYS_ADMIN. */
  programName(id: number, name: Uint8Array): number;
  /** The instructions of a loaded BPF program as the kernel runs them, as many as fit. Returns how many bytes they are in all. */
  programInstructions(id: number, instructions: Uint8Array): number;
}

/** Loads the addon. The default is where `node .build/addon.ts` puts it. Throws what process.dlopen throws. */
export function loadBinding(
  path: string = join(import.meta.dirname, "build/netlink.node"),
): Binding {
  const loaded = { exports: {} };
  process.dlopen(loaded, path);
  return loaded.exports as Binding;
}
