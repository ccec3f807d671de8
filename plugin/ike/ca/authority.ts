import { generateKeyPairSync, X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { openssl } from "./openssl.ts";

const CURVE = "P-384";

/** How long certificates hold, in days: renewing is one command; an authority is made anew with its successor beside it. */
const NODE_DAYS = "365";
const AUTHORITY_DAYS = "3650";

/** charon finds a list by the key that signed it: without authorityKeyIdentifier it would find none. */
const CONFIGURATION = `[req]
distinguished_name = subject
[subject]
[ca]
default_ca = authority
[authority]
dir = .
database = $dir/index.txt
new_certs_dir = $dir/signed
certificate = $dir/ca.crt
private_key = $dir/ca.key
crlnumber = $dir/crlnumber
rand_serial = yes
unique_subject = no
copy_extensions = none
default_md = sha384
policy = any
crl_extensions = list
[list]
authorityKeyIdentifier = keyid:always
[any]
commonName = optional
organizationName = optional
`;

/**
 * Makes a cluster's certificate authority in a folder for root alone.
 *
 * @returns its certificate, as PEM
 * @throws CniError 7 where the folder holds one; what openssl throws
 */
export function createAuthority(folder: string, cluster: string): string {
  // The certificate is what comes last: a key without one has signed nothing.
  if (existsSync(join(folder, "ca.crt")))
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot make an authority in "${folder}": it holds one`,
      {
        details:
          "whoever was signed by it would no longer be believed; remove the folder where that is meant",
      },
    );
  mkdirSync(join(folder, "signed"), { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  };
  write("openssl.cnf", CONFIGURATION);
  write("index.txt", "");
  write("crlnumber", "01\n");
  write("cluster", cluster);
  write("ca.key", newKey());
  const subject = [
    "-subj",
    `/O=crosslink/CN=${`CA of ${cluster}`.slice(0, 64)}`,
  ];
  openssl(
    [
      ...["req", "-x509", "-new", "-config", "openssl.cnf", "-key", "ca.key"],
      ...["-sha384", "-days", AUTHORITY_DAYS, ...subject, "-out", "ca.crt"],
      ...["-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ],
    folder,
  );
  return readFileSync(join(folder, "ca.crt"), "utf8");
}

/** The cluster that an authority is for. @throws CniError 7 where there is none */
function clusterOf(folder: string): string {
  const path = join(folder, "cluster");
  if (existsSync(path)) return readFileSync(path, "utf8");
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `There is no authority in "${folder}"`,
    { details: "make one with `crosslink ca init CLUSTER`" },
  );
}

/** Signs what a node asks for. Its name is what the admin says, whatever the request does. Returns the certificate, as PEM. */
export function sign(folder: string, node: string, request: string): string {
  const identity = `${node}.${clusterOf(folder)}`;
  const scratch = mkdtempSync(join(folder, ".signing-"));
  const extensions = join(scratch, "extensions");
  try {
    writeFileSync(
      extensions,
      `subjectAltName = DNS:${identity}
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`,
    );
    const asked = join(scratch, "request");
    writeFileSync(asked, request);
    return openssl(
      [
        ...["ca", "-batch", "-config", "openssl.cnf", "-notext", "-in", asked],
        ...["-days", NODE_DAYS, "-extfile", extensions],
        ...["-subj", `/O=crosslink/CN=${identity.slice(0, 64)}`],
      ],
      folder,
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * Revokes all that was signed for a node.
 *
 * @returns all that is revoked, as PEM
 * @throws CniError 7 where nothing was signed for it
 */
export function revoke(folder: string, node: string): string {
  const identity = `${node}.${clusterOf(folder)}`;
  const signed = readdirSync(join(folder, "signed"))
    .map((name) => join("signed", name))
    .filter((path) => isFor(join(folder, path), identity));
  if (signed.length === 0)
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot revoke "${identity}": nothing was signed for it here`,
      { details: `look into ${folder}/signed, which holds all that was` },
    );
  const index = readFileSync(join(folder, "index.txt"), "utf8");
  for (const path of signed)
    if (!isRevoked(index, path))
      openssl(["ca", "-config", "openssl.cnf", "-revoke", path], folder);
  return openssl(
    ["ca", "-config", "openssl.cnf", "-gencrl", "-crldays", AUTHORITY_DAYS],
    folder,
  );
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

/** What a node asks its authority for, as PEM: proof that it has the key. */
export function requestFor(keyPath: string): string {
  return openssl(
    ["req", "-new", "-key", keyPath, "-sha384", "-subj", "/O=crosslink"],
    "/",
  );
}

function isFor(path: string, identity: string): boolean {
  const certificate = new X509Certificate(readFileSync(path));
  return certificate.checkHost(identity) !== undefined;
}

/** A line of the index: state, expiry, revocation, serial, file and subject, between tabs. */
function isRevoked(index: string, path: string): boolean {
  const serial = path.slice("signed/".length, -".pem".length);
  return index
    .split("\n")
    .some((line) => line.startsWith("R\t") && line.split("\t")[3] === serial);
}
