import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { lockFile } from "../../../native/index.ts";
import { makeFolder } from "../../../files/folder.ts";
import { requireSafe } from "../../../files/trusted.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** What keeps other agents away from a socket, for as long as this process lives. */
export interface SocketClaim {
  readonly path: string;
  /** Makes what somebody has taken away of the folder and the lock. Throws as the claim does. */
  readonly renew: () => void;
}

/**
 * Makes the folder of the agent's socket, for root only, and keeps other agents away from it.
 *
 * @throws CniError 105 where a folder is there that lets others in, or that others may put another in place of; 11
 *   where another agent serves
 */
export function claimSocket(kernel: Kernel, socket: string): SocketClaim {
  const file = `${socket}.lock`;
  // The lock lives as long as the open file.
  let lock = lockAt(kernel, socket, file);
  return {
    path: socket,
    renew: () => {
      if (isAt(lock, file)) return;
      const before = lock;
      lock = lockAt(kernel, socket, file);
      closeSync(before);
    },
  };
}

function lockAt({ binding }: Kernel, socket: string, file: string): number {
  const folder = dirname(socket);
  makeFolder(folder, 0o700);
  requireClosed(folder);
  const fd = openSync(
    file,
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  if (lockFile(binding, fd, { wait: false })) return fd;
  closeSync(fd);
  throw new CniError(
    ErrorCode.tryAgainLater,
    `Cannot serve calls at "${socket}": another agent does`,
    {
      details: `\`fuser ${file}\` shows which: stop that one, or name another socket with --socket`,
    },
  );
}

function isAt(fd: number, path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return found?.dev === dev && found.ino === ino;
}

function requireClosed(folder: string): void {
  try {
    requireSafe(folder);
    requirePrivate(folder);
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(
      ErrorCode.permission,
      `Cannot serve calls in folder "${folder}": ${fact}`,
      {
        details: `whoever may open the socket could have any pod wired up. Run: chmod 0700 ${folder}; or name a socket elsewhere with --socket`,
        cause,
      },
    );
  }
}

function requirePrivate(folder: string): void {
  const mode = lstatSync(folder).mode & 0o7777;
  if ((mode & 0o077) !== 0)
    throw new Error(
      `its mode is ${mode.toString(8).padStart(4, "0")}, want 0700`,
    );
}
