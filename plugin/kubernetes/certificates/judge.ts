import type { KeyObject } from "node:crypto";
import { commonNameOf, ORGANIZATION } from "../../x509/identity.ts";
import { type CertificateRequest, readRequest } from "../../x509/request.ts";
import type { ApiObject } from "../api/object.ts";
import { AGENT, REVOKED, SYSTEM } from "../names.ts";
import {
  holding,
  keyDigest,
  MOST_SIGNED,
  type SignedByNode,
  signedSecret,
} from "./signed.ts";
import { type SigningRequest, USAGES } from "./signing-request.ts";

/** What this cluster knows of itself. */
interface Known {
  readonly cluster: string;
  readonly nodes: readonly ApiObject[];
  /** What was signed before. */
  readonly signed: SignedByNode;
  /** Nodes that are to have no certificate, as the admin says. */
  readonly named: ReadonlySet<string>;
  /** Serials of what is revoked. */
  readonly revoked: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What is to be signed, or why nothing is. */
export type Judgement =
  | {
      readonly node: string;
      readonly identity: string;
      readonly publicKey: KeyObject;
    }
  | { readonly refusal: string };

/**
 * Whether a request is a node's own, for its own name and nothing else. Pure: who asks, and by which node's token, the API server
 * has written; all else whoever asks.
 */
export function judge(asked: SigningRequest, known: Known): Judgement {
  const stranger = strangerIn(asked, known);
  if (stranger !== undefined) return { refusal: stranger };
  const { node = "" } = asked;
  const identity = `${node}.${known.cluster}`;
  const odd = asked.usages.filter((usage) => !USAGES.includes(usage));
  if (odd.length > 0)
    return { refusal: `it asks for the usage "${short(odd[0])}"` };
  try {
    const request = readRequest(asked.request);
    const { publicKey } = request;
    if (publicKey === undefined)
      return { refusal: "its key is none of ECDSA with P-256 or P-384" };
    const refusal =
      excessIn(request, identity) ?? distrustOf(node, publicKey, known);
    return refusal === undefined ? { node, identity, publicKey } : { refusal };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { refusal: `its request makes no sense: ${error.message}` };
  }
}

/** Why whoever asks is no agent of a node. */
function strangerIn(
  { username, node, nodeUid }: SigningRequest,
  { nodes }: Known,
): string | undefined {
  if (username !== AGENT)
    return `"${short(username)}" asks, and not the agents' service account, crosslink-agent in ${SYSTEM}`;
  if (node === undefined)
    return "the token that asks is bound to no node: an agent asks by the token that kubelet gives its pod";
  const found = nodes.find(({ metadata }) => metadata.name === node);
  if (found === undefined) return `there is no Node "${short(node)}"`;
  const { uid } = found.metadata;
  return nodeUid !== undefined && uid !== undefined && nodeUid !== uid
    ? `the token that asks was made for an earlier Node "${short(node)}"`
    : undefined;
}

/** Of any object: RFC 1123. */
const LONGEST_NAME = 253;

/** Why a node is to have no certificate now, or none for this key. */
function distrustOf(
  node: string,
  publicKey: KeyObject,
  { signed, named, revoked, now }: Known,
): string | undefined {
  if (named.has(node))
    return `${REVOKED} of this cluster's Cluster names it, and it gets none until it no longer does`;
  if (signedSecret(node).length > LONGEST_NAME)
    return `its Node's name is too long to note in a Secret what is signed for it`;
  const key = keyDigest(publicKey);
  const held = holding(signed.get(node), now);
  if (held.some((one) => one.key === key && revoked.has(one.serial)))
    return "its key was revoked: remove node.key beside the keyring there, and another one is made";
  return held.length < MOST_SIGNED
    ? undefined
    : `${MOST_SIGNED} certificates that were signed for it hold still`;
}

/** What a request asks for beyond its node's name; a proof that is missing is such a thing, too. */
function excessIn(
  { subject, dnsNames, others, isProven }: CertificateRequest,
  identity: string,
): string | undefined {
  if (!isProven) return "it is not signed by the key that it is for";
  const [other] = others;
  if (other !== undefined)
    return `it asks for ${other}, and only a name is given`;
  const words = {
    "common name": commonNameOf(identity),
    organization: ORGANIZATION,
    another: undefined,
  };
  const stray = subject.find(({ is, text }) => words[is] !== text);
  const name = dnsNames.find((dns) => dns !== identity) ?? stray?.text;
  if (name !== undefined)
    return `it asks for the name "${short(name)}", and its node's is "${short(identity)}"`;
  const isNamed =
    dnsNames.length > 0 ||
    subject.some(({ is, text }) => is === "common name" && text === identity);
  return isNamed ? undefined : `it does not name "${short(identity)}"`;
}

/** Others wrote it: no line of theirs, and no long one, is put into ours. */
function short(text = ""): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
}
