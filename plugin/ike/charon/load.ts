import { hash } from "node:crypto";
import { diff, type Kind } from "../../../diff/diff.ts";
import type { IkeTunnel } from "../../mesh/state.ts";
import type { ViciClient } from "../vici/client.ts";
import type { Section } from "../vici/message.ts";
import { concerns, type Concerns } from "./distrust.ts";
import type { NodeIdentity } from "./node-identity.ts";
import { connectionName, connectionOf, secretsOf } from "./connection.ts";

/** What one charon has been told of a tunnel. No secret is kept here: hashes tell whether it changed. */
interface LoadedTunnel {
  readonly name: string;
  /** Who talks to whom: SAs do not outlive a change of it. */
  readonly ends: string;
  readonly connection: string;
  readonly secrets: string;
  /** What is believed of the peer, and what this node shows. */
  readonly proof: string;
  readonly secretNames: readonly string[];
}

/** A tunnel, with what this node proves itself by where that takes a certificate. */
export interface ProvableTunnel {
  readonly tunnel: IkeTunnel;
  readonly identity?: NodeIdentity;
}

/** By name; a charon that has just begun has been told nothing. */
export type LoadedTunnels = Map<string, LoadedTunnel>;

const TUNNELS: Kind<LoadedTunnel, LoadedTunnel> = {
  identity: ({ name }) => name,
  owns: () => true,
  equals: (wanted, found) =>
    wanted.ends === found.ends &&
    wanted.connection === found.connection &&
    wanted.secrets === found.secrets &&
    wanted.proof === found.proof,
};

/**
 * Tells charon what differs from what it was told before. A tunnel whose CIDRs or secrets change keeps its SAs: the
 * kernel's have no selectors, and secrets count when IKE begins.
 *
 * @throws what charon says; what it was told until then stays noted in `loaded`
 */
export async function loadTunnels(
  vici: ViciClient,
  loaded: LoadedTunnels,
  tunnels: readonly ProvableTunnel[],
): Promise<void> {
  const wanted = new Map(
    tunnels.map((each) => [connectionName(each.tunnel), each]),
  );
  const concerning = concerns();
  const described = tunnels.map((each) => describe(each, concerning));
  const { missing, changed, stale } = diff(
    described,
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
    const provable = wanted.get(next.name);
    if (provable === undefined) continue;
    await load(vici, provable, { before: loaded.get(next.name), next });
    loaded.set(next.name, next);
  }
}

/** Secrets first: a connection's trap may catch a packet at once. */
async function load(
  vici: ViciClient,
  provable: ProvableTunnel,
  {
    before,
    next,
  }: { readonly before: LoadedTunnel | undefined; readonly next: LoadedTunnel },
): Promise<void> {
  const { tunnel, identity } = provable;
  if (before?.secrets !== next.secrets) {
    // All of them again: the first one is what charon proves itself by.
    for (const id of before?.secretNames ?? [])
      await vici.request("unload-shared", { id });
    for (const { section } of secretsOf(tunnel))
      await vici.request("load-shared", section);
  }
  if (before?.proof !== next.proof) await loadProof(vici, provable);
  const { section } = connectionOf(tunnel, identity);
  await vici.request("load-conn", section);
}

/** charon keeps what it had of these before; connections name which of them they believe. */
async function loadProof(
  vici: ViciClient,
  { tunnel: { authority }, identity }: ProvableTunnel,
): Promise<void> {
  if (authority === undefined || identity === undefined) return;
  const { certificate, revoked } = authority;
  await vici.request("load-cert", {
    type: "X509",
    flag: "CA",
    data: certificate,
  });
  if (revoked !== undefined)
    await vici.request("load-cert", { type: "X509_CRL", data: revoked });
  const key = Buffer.from(identity.key.bytes()).toString();
  await vici.request("load-key", { type: "any", data: key });
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

function describe(
  { tunnel, identity }: ProvableTunnel,
  concerning: Concerns,
): LoadedTunnel {
  const { name, section } = connectionOf(tunnel, identity);
  const secrets = secretsOf(tunnel);
  const { local, localId, remoteId, inUdp, authority } = tunnel;
  // Where one that initiates appears is no matter of its connection.
  const remote = tunnel.initiator === "peer" ? [] : tunnel.remote;
  const believed = [authority?.certificate ?? "", authority?.revoked ?? ""];
  return {
    name,
    ends: JSON.stringify([
      ...[local, remote].map((address) => Buffer.from(address).toString("hex")),
      ...[localId, remoteId, inUdp],
      digest([concerning(tunnel)]), // whoever was revoked has to prove itself again
    ]),
    connection: digest(section),
    secrets: digest(secrets.map((secret) => secret.section)),
    proof: digest([...believed, identity?.certificate ?? ""]),
    secretNames: secrets.map((secret) => secret.name),
  };
}

function digest(value: Section | readonly (Section | string)[]): string {
  return hash("sha256", JSON.stringify(value));
}
