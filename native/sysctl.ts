import { constants } from "node:os";
import type { Binding } from "./binding.ts";
import { NetlinkError } from "./error.ts";
import type { NamespaceOption } from "./socket.ts";

// Values are a number, a few, or a name. The kernel never gives more than a page.
const PAGE = 4096;

/**
 * The value of a setting below /proc/sys, as the namespace sees it, without its newline: `readSysctl(binding, "net/ipv4/ip_forward")`.
 * `path` starts with "net/". Undefined where there is no such setting (a module that is not loaded, a device that is gone).
 * Throws NetlinkError for the rest.
 */
export function readSysctl(
  binding: Binding,
  path: string,
  options: NamespaceOption = {},
): string | undefined {
  const buffer = Buffer.alloc(PAGE);
  const length = binding.readSysctl(options.netns ?? -1, path, buffer);
  if (length === -constants.errno.ENOENT) return undefined;
  if (length < 0)
    throw new NetlinkError(
      { operation: "read", action: () => `read sysctl "${path}"` },
      -length,
    );
  return buffer.toString("utf8", 0, length).replace(/\n$/, "");
}

/**
 * Sets a setting below /proc/sys in the namespace. `path` starts with "net/". Throws NetlinkError: ENOENT where there is
 * no such setting, EROFS where /proc/sys is mounted read-only and the node's is not at /host/proc/sys either, EINVAL for a value that the kernel does not take.
 */
export function writeSysctl(
  binding: Binding,
  path: string,
  value: string,
  options: NamespaceOption = {},
): void {
  const written = binding.writeSysctl(
    options.netns ?? -1,
    path,
    Buffer.from(`${value}\n`),
  );
  if (written < 0)
    throw new NetlinkError(
      {
        operation: "write",
        action: () => `set sysctl "${path}" to "${value}"`,
      },
      -written,
    );
}
