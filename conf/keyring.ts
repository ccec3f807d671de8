import { type Stats, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Made, madeOf } from "./document/again.ts";
import { parseDocument } from "./document/document.ts";
import type { FileRules } from "./document/file.ts";
import {
  checkOthersCannotWrite,
  checkOwner,
  formatMode,
  quoteForShell,
} from "./document/ownership.ts";
import { fact, type Problem, type Refuse } from "./document/problem.ts";
import { isKeyringFile } from "./generated/keyring-validator.ts";
import type {
  KeyringFile,
  KeyringKey,
  StaticKey,
} from "./generated/keyring.ts";
import { Secret } from "./secret.ts";

/** One secret of a mesh; `id` is 1 to 255. */
interface DerivingKey {
  readonly id: number;
  /** 32 bytes, from which the key of each security association is derived. */
  readonly secret: Secret;
}

/** Secrets, from which each SA's key is derived. */
export interface DerivingKeyring {
  readonly kind: "keys";
  /** The id of the key to send with; one of `keys`. */
  readonly active: number;
  readonly keys: readonly DerivingKey[];
}

/** One key for all SAs, as `ip xfrm` by hand has it. */
export interface StaticKeyring {
  readonly kind: "static";
  readonly spi: number;
  readonly reqid: number;
  /** The AES key and its 4 bytes of salt, for `rfc4106(gcm(aes))`: 20, 28 or 36 bytes. */
  readonly key: Secret;
}

/** What the keyring file holds. */
export type Keyring = DerivingKeyring | StaticKeyring;

const makeOne = "make a keyring with: crosslink keygen";

const rules: FileRules & { readonly secret: boolean } = {
  kind: "keyring",
  fixIfMissing: `${makeOne}; "keyring" of the network configuration says where it is`,
  byteLimit: 64 * 1024,
  check: (path, stats) =>
    checkOwner(path, stats) ?? checkPrivate(path, stats) ?? checkFolders(path),
  secret: true,
};

/**
 * Reads the keyring. It must be root's, with mode 0600 or stricter, in a folder where nobody else can replace it.
 *
 * No message repeats a part of the file, other than the names of known keys and the ids.
 *
 * @throws CniError 7 for what is wrong with the file or its content, and what to do; CniError 5 where reading fails
 */
export function loadKeyring(path: string): Keyring {
  return keyringReader()(path);
}

/** A keyring, and what tells its file's text from others. */
interface KnownKeyring extends Made {
  readonly keyring: Keyring;
}

/** Reads as `loadKeyring` does, again and again: where the file says the same, the same object comes back. */
export function keyringReader(): (path: string) => Keyring {
  const known = new Map<string, KnownKeyring>();
  return (path) => {
    const made = madeOf({ path, rules }, known.get(path), (text, isOf) => ({
      isOf,
      keyring: parseKeyring(text, path),
    }));
    known.set(path, made);
    return made.keyring;
  };
}

/**
 * Reads a keyring's text, wherever it stands.
 *
 * @param path what messages call it
 * @throws CniError 7 for what is wrong in it; no message repeats a secret
 */
export function parseKeyring(text: string, path: string): Keyring {
  const { value, refuse } = parseDocument(text, path, isKeyringFile, rules);
  if (value.static !== undefined) {
    if (value.keys !== undefined || value.active !== undefined) {
      refuse({
        pointer: "/static",
        fact: 'has "keys" or "active" beside it',
        fix: 'keep either "static", or "active" and "keys"',
      });
    }
    return readStatic(value.static, refuse);
  }
  return readKeys(value, refuse);
}

function checkPrivate(path: string, stats: Stats): Problem | undefined {
  if ((stats.mode & 0o077) === 0) return undefined;
  return fact(
    `its mode is ${formatMode(stats)}, want 0600 or stricter`,
    `run: chmod 0600 ${quoteForShell(path)}`,
  );
}

/** The folder of the path, and that of the file a link leads to. In a sticky one, only root can replace root's files. */
function checkFolders(path: string): Problem | undefined {
  const folders = new Set([dirname(path), dirname(realpathSync(path))]);
  for (const folder of folders) {
    const stats = statSync(folder);
    if ((stats.mode & 0o1000) !== 0) continue;
    const problem = checkOthersCannotWrite(folder, stats);
    if (problem !== undefined) {
      return { ...problem, fact: `of its folder "${folder}": ${problem.fact}` };
    }
  }
  return undefined;
}

function readKeys({ active, keys }: KeyringFile, refuse: Refuse): Keyring {
  if (keys === undefined) {
    return refuse(fact('has neither "keys" nor "static"', makeOne));
  }
  if (active === undefined) {
    return refuse({
      pointer: "/active",
      fact: "is missing",
      fix: "write the id of the key to send with",
    });
  }
  const read = keys.map((key, i) => readKey(key, i, refuse));
  requireDistinct(read, refuse);
  const ids = read.map((key) => key.id);
  if (!ids.includes(active)) {
    refuse({
      pointer: "/active",
      fact: `no key has the id ${active}; there is ${ids.join(", ")}`,
    });
  }
  return { kind: "keys", active, keys: read };
}

function readKey(key: KeyringKey, index: number, refuse: Refuse): DerivingKey {
  const bytes = Buffer.from(key.secret, "base64");
  // Buffer ignores what isn't base64; only the one right spelling comes out again as it was.
  if (bytes.length === 32 && bytes.toString("base64") === key.secret) {
    return { id: key.id, secret: new Secret(bytes) };
  }
  return refuse({
    pointer: `/keys/${index}/secret`,
    fact: "is not 32 bytes in base64 (44 characters)",
    fix: makeOne,
  });
}

/** The same secret under two ids would give two associations one key, and GCM one counter twice. */
function requireDistinct(keys: readonly DerivingKey[], refuse: Refuse): void {
  keys.forEach((key, i) => {
    for (const [j, other] of keys.slice(0, i).entries()) {
      if (other.id === key.id) {
        refuse({
          pointer: `/keys/${i}/id`,
          fact: `${key.id} is the id of /keys/${j} too`,
          fix: "a new secret needs a new id",
        });
      }
      if (other.secret.equals(key.secret)) {
        refuse({
          pointer: `/keys/${i}/secret`,
          fact: `is the same as that of /keys/${j}`,
          fix: "a new id needs a new secret",
        });
      }
    }
  });
}

function readStatic({ spi, reqid, key }: StaticKey, refuse: Refuse): Keyring {
  const isHex = /^0x(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{72})$/;
  if (!isHex.test(key)) {
    refuse({
      pointer: "/static/key",
      fact: "is not 0x and 40, 56 or 72 hexadecimal digits: an AES key of 16, 24 or 32 bytes and 4 of salt",
      fix: "make one with: echo 0x$(openssl rand -hex 20)",
    });
  }
  const bytes = Buffer.from(key.slice(2), "hex");
  return { kind: "static", spi, reqid, key: new Secret(bytes) };
}
