import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import { CniError, ErrorCode } from "../cni/error.ts";
import { type Keyring, loadKeyring } from "./keyring.ts";

/**
 * The folder of keyrings that this node's cluster shares with one other each: `NAME.json` for tunnels with cluster NAME, so that
 * a third neither reads what the two say nor passes for one of them. It is beside the keyring of the whole mesh.
 *
 * @param keyring the path of the latter
 */
export function keyringsFolder(keyring: string): string {
  return join(dirname(keyring), "keyrings.d");
}

/** The keyring's path for tunnels with a cluster. */
export function keyringOfCluster(keyring: string, cluster: string): string {
  return join(keyringsFolder(keyring), `${cluster}.json`);
}

/**
 * The keyrings that some of these clusters have of their own.
 *
 * @throws CniError 7 as {@link loadKeyring} does, and for a static key
 */
export function keyringsOfClusters(
  meshKeyring: string,
  clusters: readonly string[],
  read: (path: string) => Keyring = loadKeyring,
): Map<string, Keyring> {
  const own = new Map<string, Keyring>();
  for (const name of clusters) {
    const path = keyringOfCluster(meshKeyring, name);
    // Of a link that leads nowhere the reader complains.
    if (!lstatSync(path, { throwIfNoEntry: false })) continue;
    const keyring = read(path);
    if (keyring.kind === "static") throw refuseStatic(path, name);
    own.set(name, keyring);
  }
  return own;
}

/** Two static keys could have one SPI at one address, which the kernel holds once. */
function refuseStatic(path: string, cluster: string): CniError {
  return new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot use keyring "${path}": /static: one cluster's own keyring holds "keys"`,
    {
      details: `make one with: crosslink keygen --keyring ${path}; the same file goes to cluster "${cluster}", named after this one`,
    },
  );
}
