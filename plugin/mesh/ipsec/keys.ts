import { hkdfSync, type KeyObject } from "node:crypto";
import { Key } from "../../../native/index.ts";
import { bind } from "./bind.ts";

/** `rfc4106(gcm(aes))` with AES-256: a key of 32 bytes, then a salt of 4 (RFC 4106 §8.1). */
const KEY_AND_SALT_BYTES = 36;

/** Changes when the derivation does, so that two versions never take one key for two things. */
const LABEL = "crosslink esp key 1";
const SECRET_LABEL = "crosslink secret name 1";

/** One end of a tunnel as the cluster files name it; addresses in canonical text. */
export interface EndNames {
  readonly cluster: string;
  readonly node: string;
  /** The private address of the outer header's family. */
  readonly address: string;
  /** The elastic address of that family, where the node has one. */
  readonly elasticIP?: string;
}

/** An end, and its four texts bound together: they go into thousands of keys and SPIs. */
export interface TunnelEnd extends EndNames {
  readonly bound: string;
}

/** What one SA is: packets from one end to the other under one key of the keyring. */
export interface SaBinding {
  readonly sender: TunnelEnd;
  readonly receiver: TunnelEnd;
  /** Of the outer header. */
  readonly family: 4 | 6;
  /** 1 to 255. */
  readonly keyId: number;
  /** From 0. */
  readonly generation: number;
}

/**
 * The key and salt of one SA: HKDF-SHA256 (RFC 5869) without a salt, since the secret is uniformly random
 * (§3.1), and with everything that makes the SA this one as `info` (§3.2). Both ends compute the same from
 * the same files; no two SAs share a key, so no two senders can repeat each other's nonces.
 */
export function deriveKey(secret: KeyObject, sa: SaBinding): Key {
  const info = [
    bind([LABEL, `ipv${String(sa.family)}`]),
    sa.sender.bound,
    sa.receiver.bound,
    bind(
      [sa.keyId, ...(sa.generation === 0 ? [] : [sa.generation])].map(String),
    ),
  ].join("");
  return new Key(
    new Uint8Array(hkdfSync("sha256", secret, "", info, KEY_AND_SALT_BYTES)),
  );
}

/** Tells a secret from others, as far as 64 bits can; nobody can work it back. */
export function nameSecret(secret: KeyObject): string {
  const name = hkdfSync("sha256", secret, "", bind([SECRET_LABEL]), 8);
  return Buffer.from(name).toString("hex");
}

/** Binds an end's texts. */
export function bindEnd(names: EndNames): TunnelEnd {
  const { cluster, node, address, elasticIP = "" } = names;
  return { ...names, bound: bind([cluster, node, address, elasticIP]) };
}
