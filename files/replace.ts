import {
  closeSync,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
  constants,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** Mode and owner of a file. */
export interface Rights {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What programs get. */
export const PROGRAM: Rights = { mode: 0o755, uid: 0, gid: 0 };

/**
 * Puts content in place of a file: at any moment, and after a crash, a reader finds the old or the new, whole.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  rights: Rights,
): void {
  const bytes = Buffer.from(content);
  appear(path, (unfinished) => {
    const fd = openSync(unfinished, "wx", 0o600);
    try {
      for (let written = 0; written < bytes.length;)
        written += writeSync(fd, bytes, written);
      settle(fd, rights);
    } finally {
      closeSync(fd);
    }
  });
}

/** The same with another file's content, which may be large. */
export function replaceByCopy(path: string, source: string): void {
  appear(path, (unfinished) => {
    copyFileSync(
      source,
      unfinished,
      constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE,
    );
    const fd = openSync(unfinished, "r");
    try {
      settle(fd, PROGRAM);
    } finally {
      closeSync(fd);
    }
  });
}

/** The same with a symbolic link. */
export function replaceByLink(path: string, target: string): void {
  appear(path, (unfinished) => {
    symlinkSync(target, unfinished);
  });
}

/** Whether a program is there with exactly this content. */
export function isProgram(path: string, content: Uint8Array): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return (
    found?.isFile() === true &&
    (found.mode & 0o7777) === PROGRAM.mode &&
    found.size === content.length &&
    readFileSync(path).equals(content)
  );
}

/** No runtime takes a name with this ending for a configuration. */
function appear(path: string, make: (unfinished: string) => void): void {
  const name = `.${basename(path)}.${String(process.pid)}.unfinished`;
  const unfinished = join(dirname(path), name);
  rmSync(unfinished, { force: true }); // of a process that was killed, and had our number
  try {
    make(unfinished);
    renameSync(unfinished, path);
    syncFolder(dirname(path));
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function settle(fd: number, { mode, uid, gid }: Rights): void {
  fchownSync(fd, uid, gid);
  fchmodSync(fd, mode); // after the owner, whose change may take bits away
  fsyncSync(fd);
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
