import { hash } from "node:crypto";
import { diff, type Kind } from "../../reconcile/diff.ts";
import type { IkeTunnel } from "../../mesh/state.ts";
import type { ViciClient } from "../vici/client.ts";
import type { Section } from "../vici/message.ts";
import { connectionName, connectionOf, secretsOf } from "./connection.ts";

/** What one charon has been told of a tunnel. No secret is kept here: hashes tell whether it changed. */
interface LoadedTunnel {
  readonly name: string;
  /** Who talks to whom: SAs do not outlive a change of it. */
  readonly ends: string;
  readonly connection: string;
  readonly secrets: string;
  readonly secretNames: readonly string[];
}

/** By name; a charon that has just begun has been told nothing. */
export type Loaded = Map<string, LoadedTunnel>;

const TUNNELS: Kind<LoadedTunnel, LoadedTunnel> = {
  identity: ({ name }) => name,
  owns: () => true,
  equals: (wanted, found) =>
    wanted.ends === found.ends &&
    wanted.connection === found.connection &&
    wanted.secrets === found.secrets,
};

/**
 * Tells charon what differs from what it was told before. A tunnel whose CIDRs or secrets change keeps its SAs: the
 * kernel's have no selectors, and secrets count when IKE begins.
 *
 * @throws what charon says; what it was told until then stays noted in `loaded`
 */
export async function loadTunnels(
  vici: ViciClient,
  loaded: Loaded,
  tunnels: readonly IkeTunnel[],
): Promise<void> {
  const wanted = new Map(
    tunnels.map((tunnel) => [connectionName(tunnel), tunnel]),
  );
  const { missing, changed, stale } = diff(
    tunnels.map(describe),
    [...loaded.values()],
    TUNNELS,
  );
  const gone = changed.filter(
    ({ wanted, found }) => wanted.ends !== found.ends,
  );
  for (const old of [...stale, ...gone.map(({ found }) => found)]) {
    await unload(vici, old);
    loaded.delete(old.name);
  }
  for (const next of [...missing, ...changed.map(({ wanted }) => wanted)]) {
    const tunnel = wanted.get(next.name);
    if (tunnel === undefined) continue;
    await load(vici, tunnel, loaded.get(next.name));
    loaded.set(next.name, next);
  }
}

/** Secrets first: a connection's trap may catch a packet at once. */
async function load(
  vici: ViciClient,
  tunnel: IkeTunnel,
  before: LoadedTunnel | undefined,
): Promise<void> {
  if (before?.secrets !== describe(tunnel).secrets) {
    // All of them again: the first one is what charon proves itself by.
    for (const id of before?.secretNames ?? [])
      await vici.request("unload-shared", { id });
    for (const { section } of secretsOf(tunnel))
      await vici.request("load-shared", section);
  }
  await vici.request("load-conn", connectionOf(tunnel).section);
}

async function unload(
  vici: ViciClient,
  { name, secretNames }: LoadedTunnel,
): Promise<void> {
  await vici.request("unload-conn", { name });
  await terminate(vici, name);
  for (const id of secretNames) await vici.request("unload-shared", { id });
}

/** Where there is nothing to end charon says so, and that is no failure. It is not waited for: the peer may be gone. */
async function terminate(vici: ViciClient, ike: string): Promise<void> {
  await vici
    .request("terminate", { ike, force: "yes", timeout: "-1" })
    .catch((error: unknown) => {
      if (!String(error).includes('charon refused "terminate"')) throw error;
    });
}

function describe(tunnel: IkeTunnel): LoadedTunnel {
  const { name, section } = connectionOf(tunnel);
  const secrets = secretsOf(tunnel);
  const { local, remote, localId, remoteId, inUdp } = tunnel;
  return {
    name,
    ends: JSON.stringify([
      ...[local, remote].map((address) => Buffer.from(address).toString("hex")),
      ...[localId, remoteId, inUdp],
    ]),
    connection: digest(section),
    secrets: digest(secrets.map((secret) => secret.section)),
    secretNames: secrets.map((secret) => secret.name),
  };
}

function digest(value: Section | readonly Section[]): string {
  return hash("sha256", JSON.stringify(value));
}
