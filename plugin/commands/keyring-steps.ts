import { makeFolder } from "../../files/folder.ts";
import { isErrno } from "../../files/errno.ts";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import { loadKeyring } from "../../conf/keyring.ts";
import {
  newestOf,
  newKeyring,
  type RotationStep,
  step as takeStep,
  written,
  type WrittenKeyring,
} from "../../conf/rotation.ts";

/** What `crosslink keygen` was asked to do to a keyring. */
export type KeyringStep = "create" | RotationStep;

/**
 * Takes one step of a key's life and returns a sentence about it, which never holds a secret.
 *
 * `create` writes the first key; `rotate` adds the next key, which every node then accepts;
 * `activate` makes the newest key the one to send with; `retire` removes all but the active one.
 *
 * @throws CniError 7 where the step does not fit the keyring, 5 where the file cannot be written
 */
export function keygen(path: string, step: KeyringStep): string {
  if (step === "create") return create(path);
  const keyring = loadKeyring(path);
  if (keyring.kind === "static") {
    throw invalid(
      `Cannot ${step} keys in "${path}": it holds a static key`,
      "make a keyring with `crosslink keygen` under another name, and move it into place on every node",
    );
  }
  const before = written(keyring);
  if (step === "activate") requireNewer(before);
  const file = takeStep(before, step);
  write(path, file, { replace: true });
  return SENTENCES[step](file);
}

function create(path: string): string {
  write(path, newKeyring(1), { replace: false });
  return `Wrote ${path} with key 1. Copy it to every node, mode 0600, before the first pod.`;
}

const SENTENCES: Readonly<
  Record<RotationStep, (file: WrittenKeyring) => string>
> = {
  rotate: (file) =>
    `Added key ${String(newestOf(file))}; key ${String(file.active)} is still the active one. Copy the keyring to every node and run \`crosslink apply\` there; then \`crosslink keygen --activate\`.`,
  activate: ({ active }) =>
    `Key ${String(active)} is active. Copy the keyring to every node and run \`crosslink apply\` there; then \`crosslink keygen --retire\`.`,
  retire: ({ active }) =>
    `Key ${String(active)} is the only one left. Copy the keyring to every node and run \`crosslink apply\` there.`,
};

function requireNewer(file: WrittenKeyring): void {
  if (newestOf(file) !== file.active) return;
  throw invalid(
    `Cannot activate key ${String(file.active)}: it is the active one already`,
    "add the next key with `crosslink keygen --rotate` first",
  );
}

/** Durable and atomic: a reader sees the old keyring or the new one, and a crash leaves one of both. */
function write(
  path: string,
  file: WrittenKeyring,
  { replace }: { replace: boolean },
): void {
  if (!replace && existsSync(path)) throw alreadyThere(path);
  const directory = dirname(path);
  makeFolder(directory, 0o700);
  const temporary = join(
    directory,
    `.keyring-${randomBytes(6).toString("hex")}`,
  );
  try {
    writeNew(temporary, `${JSON.stringify(file, undefined, 2)}\n`);
    if (replace) renameSync(temporary, path);
    else link(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeNew(path: string, text: string): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** link(2) fails where the name is taken: no keyring is ever overwritten by a new one. */
function link(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (isErrno(error, "EEXIST")) throw alreadyThere(path);
    throw error;
  }
}

function alreadyThere(path: string): CniError {
  return invalid(
    `Cannot write "${path}": it is there already`,
    "add the next key with `crosslink keygen --rotate`, or name another file with --keyring",
  );
}

function invalid(message: string, details: string): CniError {
  return new CniError(ErrorCode.invalidConfiguration, message, { details });
}
