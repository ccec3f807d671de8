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
import { type DerivingKeyring, loadKeyring } from "../../conf/keyring.ts";

/** Secrets are 32 bytes: HKDF-SHA256's own length. */
const SECRET_BYTES = 32;

/** One byte of the SPI holds the key id. */
const HIGHEST_ID = 255;

/** What `crosslink keygen` was asked to do to a keyring. */
export type KeyringStep = "create" | "rotate" | "activate" | "retire";

interface KeyringFile {
  readonly active: number;
  readonly keys: readonly { readonly id: number; readonly secret: string }[];
}

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
  const { file, sentence } = STEPS[step](keyring);
  write(path, file, { replace: true });
  return sentence;
}

interface Step {
  readonly file: KeyringFile;
  readonly sentence: string;
}

const STEPS: Readonly<
  Record<Exclude<KeyringStep, "create">, (keyring: DerivingKeyring) => Step>
> = {
  rotate,
  activate,
  retire,
};

function create(path: string): string {
  write(
    path,
    { active: 1, keys: [{ id: 1, secret: newSecret() }] },
    { replace: false },
  );
  return `Wrote ${path} with key 1. Copy it to every node, mode 0600, before the first pod.`;
}

function rotate(keyring: DerivingKeyring): Step {
  const file = toFile(keyring);
  const id = freeId(file);
  return {
    file: { ...file, keys: [...file.keys, { id, secret: newSecret() }] },
    sentence: `Added key ${String(id)}; key ${String(file.active)} is still the active one. Copy the keyring to every node and run \`crosslink apply\` there; then \`crosslink keygen --activate\`.`,
  };
}

function activate(keyring: DerivingKeyring): Step {
  const file = toFile(keyring);
  const newest = file.keys.at(-1)?.id ?? file.active;
  if (newest === file.active) {
    throw invalid(
      `Cannot activate key ${String(newest)}: it is the active one already`,
      "add the next key with `crosslink keygen --rotate` first",
    );
  }
  return {
    file: { ...file, active: newest },
    sentence: `Key ${String(newest)} is active. Copy the keyring to every node and run \`crosslink apply\` there; then \`crosslink keygen --retire\`.`,
  };
}

function retire(keyring: DerivingKeyring): Step {
  const file = toFile(keyring);
  return {
    file: { ...file, keys: file.keys.filter(({ id }) => id === file.active) },
    sentence: `Key ${String(file.active)} is the only one left. Copy the keyring to every node and run \`crosslink apply\` there.`,
  };
}

function toFile(keyring: DerivingKeyring): KeyringFile {
  const keys = keyring.keys.map(({ id, secret }) => ({
    id,
    secret: Buffer.from(secret.bytes()).toString("base64"),
  }));
  return { active: keyring.active, keys };
}

/** The id after the newest; ids wrap around, so that keys can rotate forever. */
function freeId(file: KeyringFile): number {
  const taken = new Set(file.keys.map(({ id }) => id));
  const newest = file.keys.at(-1)?.id ?? 0;
  for (let step = 1; step <= HIGHEST_ID; step += 1) {
    const id = ((newest + step - 1) % HIGHEST_ID) + 1;
    if (!taken.has(id)) return id;
  }
  throw invalid(
    `Cannot add a key: all ${String(HIGHEST_ID)} ids are taken`,
    "remove old keys with `crosslink keygen --retire`",
  );
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64");
}

/** Durable and atomic: a reader sees the old keyring or the new one, and a crash leaves one of both. */
function write(
  path: string,
  file: KeyringFile,
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
