import { randomBytes } from "node:crypto";
import { CniError, ErrorCode } from "../cni/error.ts";
import type { DerivingKeyring } from "./keyring.ts";

/** Secrets are 32 bytes: HKDF-SHA256's own length. */
const SECRET_BYTES = 32;

/** One byte of the SPI holds the key id. */
const HIGHEST_ID = 255;

/** A keyring as its file says it. */
export interface WrittenKeyring {
  readonly active: number;
  /** The newest last. */
  readonly keys: readonly WrittenKey[];
}

interface WrittenKey {
  readonly id: number;
  /** In base64. */
  readonly secret: string;
}

/** What changes keys without loss, in this order; whoever shares the keyring has taken a step before the next. */
export type RotationStep = "rotate" | "activate" | "retire";

/** What a file of this keyring says. */
export function written({ active, keys }: DerivingKeyring): WrittenKeyring {
  return {
    active,
    keys: keys.map(({ id, secret }) => ({
      id,
      secret: Buffer.from(secret.bytes()).toString("base64"),
    })),
  };
}

/** A keyring of one new key. */
export function newKeyring(id: number): WrittenKeyring {
  return { active: id, keys: [{ id, secret: newSecret() }] };
}

/**
 * Takes one step of a key's life: `rotate` adds the next key, which is then accepted; `activate` sends with the newest; `retire`
 * leaves only the active one.
 *
 * @throws CniError 7 where no id is free
 */
export function step(
  keyring: WrittenKeyring,
  which: RotationStep,
): WrittenKeyring {
  const { active, keys } = keyring;
  if (which === "rotate")
    return {
      active,
      keys: [...keys, { id: freeId(keyring), secret: newSecret() }],
    };
  if (which === "activate") return { active: newestOf(keyring), keys };
  return { active, keys: keys.filter(({ id }) => id === active) };
}

/** The id of the newest key. */
export function newestOf({ active, keys }: WrittenKeyring): number {
  return keys.at(-1)?.id ?? active;
}

/** The step that a keyring is to take next: its content alone says how far a rotation is, whoever was interrupted. */
export function nextStep(keyring: WrittenKeyring): RotationStep {
  if (keyring.active !== newestOf(keyring)) return "activate";
  return keyring.keys.length > 1 ? "retire" : "rotate";
}

/**
 * Whether one keyring is the other with its next step taken. Of two sides that each added a key of their own at the same time
 * neither is; one of them has to yield. That costs nothing: nobody sends with a key before the other side has it.
 *
 * @param yields whether the holder of `mine` gives up the key that it added
 */
export function isNextOf(
  theirs: WrittenKeyring,
  mine: WrittenKeyring,
  yields: boolean,
): boolean {
  const next = nextStep(mine);
  if (next === "rotate") return isAddedTo(theirs, mine);
  if (isSameKeyring(theirs, step(mine, next))) return true;
  const before = { ...mine, keys: mine.keys.slice(0, -1) };
  return (
    yields &&
    next === "activate" &&
    !isSameKeyring(theirs, mine) &&
    isAddedTo(theirs, before)
  );
}

function isAddedTo(theirs: WrittenKeyring, before: WrittenKeyring): boolean {
  const keys = theirs.keys.slice(0, -1);
  return isSameKeyring({ ...theirs, keys }, before);
}

/** Whether both say the same. */
export function isSameKeyring(a: WrittenKeyring, b: WrittenKeyring): boolean {
  return (
    a.active === b.active &&
    a.keys.length === b.keys.length &&
    a.keys.every((key, i) => isSame(key, b.keys[i]))
  );
}

function isSame(one: WrittenKey, other: WrittenKey | undefined): boolean {
  return one.id === other?.id && one.secret === other.secret;
}

/** The id after the newest; ids wrap around, so that keys can rotate forever. */
function freeId(keyring: WrittenKeyring): number {
  const taken = new Set(keyring.keys.map(({ id }) => id));
  const newest = newestOf(keyring);
  for (let further = 1; further <= HIGHEST_ID; further += 1) {
    const id = ((newest + further - 1) % HIGHEST_ID) + 1;
    if (!taken.has(id)) return id;
  }
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot add a key: all ${String(HIGHEST_ID)} ids are taken`,
    { details: "remove old keys with `crosslink keygen --retire`" },
  );
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64");
}
