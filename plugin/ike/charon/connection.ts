import type { Cidr } from "../../../ip/cidr.ts";
import { formatAddress } from "../../../native/index.ts";
import type { IkeTunnel } from "../../mesh/state.ts";
import type { Section } from "../vici/message.ts";
import { ESP_PROPOSALS, IKE_PROPOSALS } from "./proposals.ts";

/** Something that charon is told, by a name of ours. */
interface Loadable {
  readonly name: string;
  readonly section: Section;
}

/** How long ESP has one pair of keys at the most, in seconds; charon takes up to a tenth off at random. */
export const CHILD_REKEY_SECONDS = 3600;

/** IKE has room for 255 selectors a side (RFC 7296 §3.13); the kernel's SAs have none, so wider ones give nothing away. */
const MOST_SELECTORS = 100;

/** What charon calls a tunnel: its reqid, which no other tunnel of this node by IKE has. */
export function connectionName({ reqid }: Pick<IkeTunnel, "reqid">): string {
  return `crosslink-${reqid.toString(16)}`;
}

/** A tunnel as vici's `load-conn` takes it. */
export function connectionOf(
  tunnel: IkeTunnel,
  { certificate }: { readonly certificate?: string } = {},
): Loadable {
  const name = connectionName(tunnel);
  const connection: Section = {
    version: "2",
    local_addrs: [formatAddress(tunnel.local)],
    remote_addrs: [remoteAddress(tunnel)],
    proposals: IKE_PROPOSALS,
    // An address that changes is the cluster files' matter.
    mobike: "no",
    encap: tunnel.inUdp ? "yes" : "no",
    dpd_delay: "20s",
    // charon takes up to a tenth off at random, so that not all peers rekey at once.
    rekey_time: "4h",
    keyingtries: "0",
    // Where both ends begin at once, "replace" would have each delete what the other keeps. Two of them do no harm; and
    // one that begins anew says so (INITIAL_CONTACT), and then what it had before goes.
    unique: "no",
    ...proofsOf(tunnel, certificate),
    children: { [name]: childOf(tunnel) },
  };
  return { name, section: { [name]: connection } };
}

/** Where the peer is, in charon's words: one that initiates may be anywhere. */
export function remoteAddress({
  initiator,
  remote,
}: Pick<IkeTunnel, "initiator" | "remote">): string {
  return initiator === "peer" ? "%any" : formatAddress(remote);
}

/** By certificate a peer is who its own cluster's authority says, and nobody that another one knows. */
function proofsOf(
  { localId, remoteId, authority }: IkeTunnel,
  certificate: string | undefined,
): { readonly local: Section; readonly remote: Section } {
  const local = { id: identity(localId) };
  const remote = { id: identity(remoteId) };
  if (authority === undefined)
    return {
      local: { auth: "psk", ...local },
      remote: { auth: "psk", ...remote },
    };
  return {
    local: {
      auth: "pubkey",
      ...local,
      ...(certificate === undefined ? {} : { certs: [certificate] }),
    },
    remote: {
      auth: "pubkey",
      ...remote,
      cacerts: [authority.certificate],
      // A list that was not renewed in time revokes no less than it did.
      revocation: "relaxed",
    },
  };
}

function childOf(tunnel: IkeTunnel): Section {
  const { reqid, localCidrs, remoteCidrs } = tunnel;
  const action = startAction(tunnel);
  return {
    mode: "tunnel",
    local_ts: selectorsOf(localCidrs),
    remote_ts: selectorsOf(remoteCidrs),
    esp_proposals: ESP_PROPOSALS,
    // The policies are ours, and name the SAs by this.
    policies: "no",
    reqid: String(reqid),
    start_action: action,
    close_action: action,
    dpd_action: action === "none" ? "clear" : action,
    rekey_time: String(CHILD_REKEY_SECONDS),
    replay_window: "1024",
  };
}

/** A trap needs the peer's address. */
export function startAction({
  initiator,
}: Pick<IkeTunnel, "initiator">): "none" | "trap" {
  return initiator === "peer" ? "none" : "trap";
}

function selectorsOf(cidrs: readonly Cidr[]): string[] {
  if (cidrs.length <= MOST_SELECTORS) return cidrs.map(({ text }) => text);
  const families = new Set(cidrs.map(({ family }) => family));
  return [...families].map((family) => (family === 4 ? "0.0.0.0/0" : "::/0"));
}

/** The type is said, since a node "10.0.0" of a cluster "1" would be taken for an address. */
function identity(text: string): string {
  return `fqdn:${text}`;
}

/** A tunnel's secrets as vici's `load-shared` takes them, the active key's first: charon proves itself by the first one that fits. */
export function secretsOf(tunnel: IkeTunnel): Loadable[] {
  const { localId, remoteId, secrets } = tunnel;
  return secrets.map(({ keyId, psk }) => {
    const name = `${connectionName(tunnel)}-${String(keyId)}`;
    const data = Buffer.from(psk.bytes()).toString();
    const owners = [identity(localId), identity(remoteId)];
    return { name, section: { id: name, type: "IKE", data, owners } };
  });
}
