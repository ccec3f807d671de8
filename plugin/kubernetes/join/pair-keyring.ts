import { CniError } from "../../../cni/error.ts";
import { parseKeyring } from "../../../conf/keyring.ts";
import { written, type WrittenKeyring } from "../../../conf/rotation.ts";
import type { Access } from "../api/access.ts";
import type { ApiObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { KEYS, PATHS } from "../names.ts";
import { textIn } from "./peer-secret.ts";

/** The keyring that a Secret of `crosslink-keys` holds, whoever wrote it; undefined where it holds none. */
export function pairKeyring(
  secret: ApiObject | undefined,
): WrittenKeyring | undefined {
  const text = textIn(secret, "keyring.json");
  if (text === undefined) return undefined;
  try {
    const keyring = parseKeyring(text, `${KEYS}/keyring.json`);
    return keyring.kind === "keys" ? written(keyring) : undefined;
  } catch (error) {
    if (error instanceof CniError) return undefined;
    throw error;
  }
}

/** Changes one that nobody else has changed meanwhile; rejects with ApiError 409 where somebody has. */
export async function writePairKeyring(
  access: Access,
  { metadata: { name, resourceVersion } }: ApiObject,
  keyring: WrittenKeyring,
): Promise<void> {
  await ask(access, {
    method: "PATCH",
    path: `${PATHS.keyrings}/${name}`,
    body: {
      metadata: { resourceVersion },
      stringData: { "keyring.json": JSON.stringify(keyring) },
    },
  });
}
