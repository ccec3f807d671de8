/** A moment in the life of a program: its main thread is about to make its `nth` system call of a kind, from 1. */
export interface Moment {
  readonly systemCall: string;
  readonly nth: number;
  /** Whether what the call does may outlive the process. */
  readonly lasting: boolean;
  /** Whether it writes a line of the log. */
  readonly logs: boolean;
}

const LOG_LINE = /^write\(2, /;

/**
 * System calls that change nothing that outlives the process: they wait, read, or make what the kernel takes back when
 * the process ends (sockets, open files, locks that go with them). In strace's words; whatever is not here may last.
 */
const PASSING: readonly RegExp[] = [
  /^(poll|recvmsg|read|pread64|getdents64|lseek|close)\(/,
  /^(stat|fstat|lstat|newfstatat|statx|access|readlink)\(/,
  /^(socket|setsockopt|getsockopt|getsockname)\(/,
  /^bind\(\d+, \{sa_family=AF_NETLINK\b/,
  /^fcntl\(\d+, F_GET/,
  // Not one that makes the file, or cuts it off.
  /^openat\((?!.*\bO_(CREAT|TRUNC|TMPFILE)\b)[^,]*, "[^"]*"\.*, O_/,
  // One request, and a question: nothing is made, changed or reset.
  /^sendto\((?!.*nlmsg_type=.*nlmsg_type=).*\bnlmsg_type=([A-Z0-9_<|]*_)?GET([A-Z]*),/,
  LOG_LINE,
  // libuv's threads wake each other by an eventfd.
  /^write\(\d+, "\\1\\0\\0\\0\\0\\0\\0\\0", 8\)/,
];

/** The moment before a call, by strace's line of it. */
export function momentOf(
  systemCall: string,
  nth: number,
  line: string,
): Moment {
  return { systemCall, nth, lasting: mayLast(line), logs: LOG_LINE.test(line) };
}

/** Whether a call may have changed what outlives the process, by strace's line of it. */
export function mayLast(line: string): boolean {
  return !PASSING.some((pattern) => pattern.test(line));
}

/**
 * The moments at which a program that ends leaves something different behind: before each call that may last, and so after
 * the last of them too, since `exit_group` is one. What ends before any other call leaves the same as before the next
 * that lasts. To hold us to that, one of each other kind comes along, from the middle of the program's life.
 */
export function telling(moments: readonly Moment[]): Moment[] {
  const passing = Map.groupBy(
    moments.filter(({ lasting }) => !lasting),
    ({ systemCall }) => systemCall,
  );
  const samples = new Set(
    [...passing.values()].map((all) => all[all.length >> 1]!),
  );
  return moments.filter((moment) => moment.lasting || samples.has(moment));
}
