import { ErrorCode } from "./error.ts";

/** What to do where the errno itself tells. */
const BY_ERRNO: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "The disk is full: free space or inodes on it"],
  ["EDQUOT", "The disk quota is used up: raise it or free space"],
  ["EROFS", "The file system is mounted read-only: remount it writable"],
  ["EMFILE", "Too many files are open in this process: raise ulimit -n"],
  ["ENFILE", "Too many files are open: raise the sysctl fs.file-max"],
  ["ENOMEM", "Memory is short: free some; the runtime tries again"],
  ["EIO", "The disk may be broken: see `dmesg | tail`"],
  ["ENETDOWN", "Bring that device up: ip link set DEVICE up"],
]);

/** Where only the kind of the failure does. */
const BY_CODE: ReadonlyMap<number, string> = new Map([
  [
    ErrorCode.tryAgainLater,
    "The runtime tries again; where it goes on so, see `dmesg | tail`",
  ],
  [ErrorCode.io, "See what is at that path: ls -ld"],
  [
    ErrorCode.kernelUnsupported,
    "Load the module that it needs with modprobe, or boot a kernel that has it",
  ],
]);

/** What an admin is to do where a system call, or a request to the kernel, failed. */
export function adviceFor(errno: string, code: number): string {
  if (code === ErrorCode.permission || ["EPERM", "EACCES"].includes(errno))
    return asWhom();
  return (
    BY_ERRNO.get(errno) ??
    BY_CODE.get(code) ??
    "See `dmesg | tail`, and report it where that does not tell"
  );
}

/** Runtimes call plugins as root; who tries one by hand may have forgotten to, and a container's root may lack much. */
function asWhom(): string {
  const user = process.geteuid?.() ?? 0;
  return user === 0
    ? "root was refused: see the capabilities of this container or service, its seccomp and AppArmor profile"
    : `run as root: this process is user ${String(user)}`;
}
