import {
  createPublicKey,
  hash,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import type { Log } from "../../kernel/log.ts";
import { readRequest, requestCertificate } from "../../x509/request.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { asObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { PATHS, REVOKED } from "../names.ts";
import { misfit, type NodeName, renewalTime } from "./fitness.ts";
import {
  heldCertificate,
  ownKey,
  replaceKey,
  writeCertificate,
} from "./node-files.ts";
import { listIn } from "./revoke.ts";
import { NODE_SECONDS } from "./sign.ts";
import {
  asSigningRequest,
  type SigningRequest,
  signingRequest,
} from "./signing-request.ts";

/** What a node needs to get its certificate. */
export interface Obtaining {
  readonly access: Access;
  readonly log: Log;
  /** The folder of this node's key and certificate, asked each time. */
  readonly folder: () => string;
  /** The name of this Node. */
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** How long a certificate is to hold; seconds. */
  readonly seconds?: number;
}

/** Of which cluster, and by whose word, a node wants a certificate. */
export interface WantedCertificate {
  readonly cluster: string;
  /** The authority's certificate, as PEM. */
  readonly ca: string;
  /** Its list of what it has revoked, as PEM, where it has any. */
  readonly crl?: string;
  /** Whether this node is to have none, as the admin says. */
  readonly isRefused?: true;
}

/** How it stands. */
export type CertificateStanding =
  | { readonly is: "held"; readonly renewsAt: number }
  /** Something is to come by itself, soon. */
  | { readonly is: "awaited"; readonly sentence: string }
  /** Nothing comes unless somebody does something. */
  | { readonly is: "refused"; readonly sentence: string };

/**
 * One step toward a certificate of this node: looks at the one that it has, asks for another where that is due, and takes it. Whoever
 * begins again, after whatever happened, asks for nothing twice: a request is named after what it is for.
 *
 * @throws what the kernel says of the files; rejects with ApiError
 */
export async function obtain(
  obtaining: Obtaining,
  wanted: WantedCertificate,
): Promise<CertificateStanding> {
  const { cluster, ca, isRefused } = wanted;
  const { node, clock = Date.now } = obtaining;
  if (isRefused) return { is: "refused", sentence: REFUSED };
  const folder = obtaining.folder();
  const key = believedKey(obtaining, folder, wanted);
  if (typeof key === "string") return { is: "refused", sentence: key };
  const name = { identity: `${node}.${cluster}`, ca, key };
  const held = fittingCertificate(folder, name);
  const renewsAt = held === undefined ? -Infinity : renewalTime(held);
  if (clock() < renewsAt) return { is: "held", renewsAt };
  const request = requestName(node, [publicPem(key), ca, held?.fingerprint256]);
  const asked = await read(obtaining, request);
  if (asked === undefined) {
    await post(obtaining, request, name);
    return awaited(request);
  }
  return take(obtaining, asked, { ...name, folder });
}

const REFUSED = `${REVOKED} of this cluster's Cluster names this node: its certificates are revoked, and it gets no other until it is no longer named`;

/** This node's key: another one where its certificate was revoked, since whoever has it may be somebody else. */
function believedKey(
  { log }: Obtaining,
  folder: string,
  { ca, crl }: WantedCertificate,
): KeyObject | string {
  const key = ownKey(folder);
  const held = heldCertificate(folder);
  if (typeof key === "string" || !held?.checkPrivateKey(key)) return key;
  const { revoked = [] } = listIn(crl, ca) ?? {};
  if (!revoked.some(({ serial }) => serial === held.serialNumber)) return key;
  replaceKey(folder);
  log("warn", "this node's certificate was revoked: it has another key now");
  return ownKey(folder);
}

function fittingCertificate(
  folder: string,
  name: NodeName,
): X509Certificate | undefined {
  const held = heldCertificate(folder);
  const isFitting = held !== undefined && misfit(held, name) === undefined;
  return isFitting ? held : undefined;
}

function take(
  { log }: Obtaining,
  asked: SigningRequest,
  { folder, ...name }: NodeName & { readonly folder: string },
): CertificateStanding {
  const what = `CertificateSigningRequest "${asked.name}"`;
  const refused = (fact: string): CertificateStanding => ({
    is: "refused",
    sentence: `${what} ${fact}; mend that, and delete it: then this node asks again`,
  });
  if (!isFor(asked, name.key)) return refused("is not this node's");
  if (asked.state === "denied" || asked.state === "failed")
    return refused(`is ${asked.state}: ${asked.message}`);
  if (asked.certificate === undefined) return awaited(asked.name);
  const certificate = parse(asked.certificate);
  const fault =
    certificate === undefined ? "it makes no sense" : misfit(certificate, name);
  if (certificate === undefined || fault !== undefined)
    return refused(`has a certificate that does not serve: ${fault ?? ""}`);
  writeCertificate(folder, certificate.toString());
  const until = certificate.validToDate.toISOString();
  log("info", "this node has a certificate", { until });
  return { is: "held", renewsAt: renewalTime(certificate) };
}

function awaited(request: string): CertificateStanding {
  return {
    is: "awaited",
    sentence: `CertificateSigningRequest "${request}" is not yet approved and signed: does this cluster's publisher run?`,
  };
}

async function read(
  { access }: Obtaining,
  name: string,
): Promise<SigningRequest | undefined> {
  try {
    const path = `${PATHS.requests}/${name}`;
    const object = asObject(await ask(access, { path }));
    return object === undefined ? undefined : asSigningRequest(object);
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function post(
  { access, log, seconds = NODE_SECONDS }: Obtaining,
  name: string,
  { identity, key }: NodeName,
): Promise<void> {
  const request = requestCertificate(key, identity);
  const body = signingRequest(name, { request, seconds });
  try {
    await ask(access, { method: "POST", path: PATHS.requests, body });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    return; // it is read with the next step
  }
  log("info", "this node asks for a certificate", { request: name });
}

/** At most as long as a name may be, and one that an admin recognises. */
function requestName(
  node: string,
  facts: readonly (string | undefined)[],
): string {
  const digest = hash("sha256", JSON.stringify(facts), "hex").slice(0, 20);
  const readable = node.slice(0, 200).replace(/[^a-z0-9]+$/, "");
  return `crosslink-${readable}-${digest}`;
}

function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ type: "spki", format: "pem" }));
}

/** Whoever may ask may take any name. */
function isFor({ request }: SigningRequest, key: KeyObject): boolean {
  try {
    const { publicKey } = readRequest(request);
    return publicKey?.equals(createPublicKey(key)) === true;
  } catch {
    return false;
  }
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
