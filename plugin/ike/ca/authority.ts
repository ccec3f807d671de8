import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { isName } from "../../../conf/name.ts";
import { replaceFile } from "../../../files/replace.ts";
import {
  type Authority,
  certifyAuthority,
  certifyNode,
  readAuthority,
} from "../../x509/certificate.ts";
import { readPrivateKey } from "../../x509/key.ts";
import { readRequest, requestCertificate } from "../../x509/request.ts";
import { type Revocation, revocationList } from "../../x509/revocation.ts";

const CURVE = "P-384";

/** How long a node's certificate holds, in seconds: renewing is one command. */
const NODE_SECONDS = 365 * 24 * 3600;

/** A list holds as long as its authority: it is replaced when there is more to revoke, not by the calendar. */
const LIST_MS = 3650 * 24 * 3600 * 1000;

/**
 * What lies in the folder of an authority. A certificate is in `signed`, named by its serial; what is revoked has a file of that name
 * in `revoked`, with the date: so two commands at a time lose nothing.
 */
const LAYOUT = {
  ...{ key: "ca.key", certificate: "ca.crt", cluster: "cluster" },
  ...{ signed: "signed", revoked: "revoked", listNumber: "crlnumber" },
} as const;

/**
 * Makes a cluster's certificate authority in a folder for root alone.
 *
 * @returns its certificate, as PEM
 * @throws CniError 7 where the folder holds one, or no file could have that cluster's name
 */
export function createAuthority(folder: string, cluster: string): string {
  requireName("cluster", cluster);
  // The certificate is what comes last: a key without one has signed nothing.
  if (existsSync(join(folder, LAYOUT.certificate)))
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot make an authority in "${folder}": it holds one`,
      {
        details:
          "whoever was signed by it would no longer be believed; remove the folder where that is meant",
      },
    );
  for (const name of [LAYOUT.signed, LAYOUT.revoked])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const key = newKey();
  const certificate = certifyAuthority(
    cluster,
    createPrivateKey(key),
    new Date(),
  );
  write(join(folder, LAYOUT.cluster), cluster);
  write(join(folder, LAYOUT.key), key);
  write(join(folder, LAYOUT.certificate), certificate);
  return certificate;
}

/** Nobody would ever ask for a name that no file has. */
function requireName(of: "cluster" | "node", name: string): void {
  if (isName(name)) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot certify a ${of} "${name.slice(0, 80)}": no cluster file could name it`,
    { details: "give the name that its cluster's file has" },
  );
}

function write(path: string, text: string): void {
  replaceFile(path, text, { mode: 0o600, uid: 0, gid: 0 });
}

/** The cluster that an authority is for. @throws CniError 7 where there is none */
function clusterOf(folder: string): string {
  const path = join(folder, LAYOUT.cluster);
  if (existsSync(path)) return readFileSync(path, "utf8");
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `There is no authority in "${folder}"`,
    { details: "make one with `crosslink ca init CLUSTER`" },
  );
}

/** @throws CniError 7 where key and certificate are not one authority's */
function authorityIn(folder: string): Authority {
  const [certificate = "", key = ""] = [LAYOUT.certificate, LAYOUT.key].map(
    (name) => readFileSync(join(folder, name), "utf8"),
  );
  return orInvalid({
    what: `The authority in "${folder}" cannot sign`,
    make: () => readAuthority(certificate, key),
    fix: `bring back the ${LAYOUT.certificate} and ${LAYOUT.key} that it had`,
  });
}

/**
 * Signs what a node asks for. Its name is what the admin says, whatever the request does.
 *
 * @returns the certificate, as PEM
 * @throws CniError 7 where there is no authority, or name or request make no sense
 */
export function sign(folder: string, node: string, request: string): string {
  requireName("node", node);
  const identity = `${node}.${clusterOf(folder)}`;
  const authority = authorityIn(folder);
  const publicKey = orInvalid({
    what: `Cannot sign for "${identity}"`,
    make: () => provenKey(request),
    fix: "give it what `crosslink ca request` printed on that node",
  });
  const life = { publicKey, now: new Date(), seconds: NODE_SECONDS };
  const certificate = certifyNode(authority, identity, life);
  const { serialNumber } = new X509Certificate(certificate);
  write(join(folder, LAYOUT.signed, serialNumber), certificate);
  return certificate;
}

/** Around it there may be words for the reader (RFC 7468 §2), as `crosslink ca request` and `openssl req -text` write them. */
function provenKey(text: string): KeyObject {
  const [request] =
    /-----BEGIN CERTIFICATE REQUEST-----[^-]*-----END CERTIFICATE REQUEST-----/.exec(
      text,
    ) ?? [text];
  const { publicKey, isProven } = readRequest(request);
  if (publicKey === undefined)
    throw new RangeError("its key is none of ECDSA with P-256 or P-384");
  if (!isProven)
    throw new RangeError("it is not signed by the key that it is for");
  return publicKey;
}

/** Something to make of what others wrote. */
interface Reading<T> {
  /** What cannot be done where that makes no sense: a RangeError says why. */
  readonly what: string;
  readonly make: () => T;
  readonly fix: string;
}

function orInvalid<T>(reading: Reading<T>): T {
  try {
    return reading.make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `${reading.what}: ${error.message}`,
      { details: reading.fix },
    );
  }
}

/**
 * Revokes all that was signed for a node.
 *
 * @returns the list of all that is revoked, as PEM
 * @throws CniError 7 where nothing was signed for it
 */
export function revoke(folder: string, node: string): string {
  const identity = `${node}.${clusterOf(folder)}`;
  const signed = join(folder, LAYOUT.signed);
  const serials = serialsIn(signed).filter((serial) =>
    isFor(join(signed, serial), identity),
  );
  if (serials.length === 0)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot revoke "${identity}": nothing was signed for it here`,
      { details: `look into ${signed}, which holds all that was` },
    );
  const now = new Date();
  const revoked = join(folder, LAYOUT.revoked);
  for (const serial of serials)
    if (!existsSync(join(revoked, serial)))
      write(join(revoked, serial), now.toISOString());
  return revocationList(authorityIn(folder), revocationsIn(folder), {
    number: nextNumber(join(folder, LAYOUT.listNumber)),
    from: now,
    until: new Date(now.getTime() + LIST_MS),
  });
}

/** Besides them, a crash may have left files that are not whole. */
function serialsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^[0-9A-F]+$/.test(name));
}

function revocationsIn(folder: string): Revocation[] {
  const revoked = join(folder, LAYOUT.revoked);
  return serialsIn(revoked).map((serial) => ({
    serial,
    since: new Date(readFileSync(join(revoked, serial), "utf8")),
    ...holderOf(join(folder, LAYOUT.signed, serial)),
  }));
}

/** Whose it was, where that is known still. */
function holderOf(path: string): Pick<Revocation, "identity"> {
  if (!existsSync(path)) return {};
  const { subjectAltName = "" } = new X509Certificate(readFileSync(path));
  return { identity: subjectAltName.replace("DNS:", "") };
}

/** Counts the lists: charon takes the one with the larger number. */
function nextNumber(path: string): number {
  const before = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  write(path, String(before + 1));
  return before + 1;
}

/** A node's private key, as PEM. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: CURVE,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

/** What a node asks its authority for, as PEM: proof that it has the key. @throws CniError 7 where that is none */
export function requestFor(keyPath: string): string {
  const text = readFileSync(keyPath, "utf8");
  return orInvalid({
    what: `Cannot ask for a certificate by ${keyPath}`,
    make: () => requestCertificate(readPrivateKey(text)),
    fix: "remove it, and another one is made",
  });
}

function isFor(path: string, identity: string): boolean {
  const certificate = new X509Certificate(readFileSync(path));
  return certificate.checkHost(identity) !== undefined;
}
