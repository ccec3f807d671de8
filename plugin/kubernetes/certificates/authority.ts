import { generateKeyPairSync } from "node:crypto";
import type { Log } from "../../kernel/log.ts";
import {
  type Authority,
  certifyAuthority,
  readAuthority,
} from "../../x509/certificate.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { textIn } from "../join/peer-secret.ts";
import type { ClusterObject } from "../kinds.ts";
import { CERTIFIED, PATHS, SYSTEM } from "../names.ts";

/** The Secret with the authority's certificate and key, which the publisher alone reads. */
export const AUTHORITY = "authority";

/** What is beside them there, once something was revoked. */
export const LIST = "ca.crl";

/** A cluster's own authority, as far as there is one. */
export interface OwnAuthority {
  /** Undefined where it cannot sign now. */
  readonly authority?: Authority;
  /** The certificate that is told to everyone, as PEM. */
  readonly certificate?: string;
  /** The list of what it has revoked, as PEM, and of which version its Secret is. */
  readonly stored?: {
    readonly list: string | undefined;
    readonly version: string | undefined;
  };
  /** Why there is none, in a sentence. */
  readonly trouble?: string;
}

/**
 * The authority of this cluster's nodes. It is made once, where an admin asks for certificates and has none of his own; with its
 * Secret gone no other is made, since whoever was signed by it would no longer be believed.
 *
 * @param secrets those of crosslink-system, by namespace and name; undefined where they are not known yet
 */
export async function ownAuthority(
  publishing: { readonly access: Access; readonly log: Log },
  own: ClusterObject,
  secrets: ReadonlyMap<string, ApiObject> | undefined,
): Promise<OwnAuthority> {
  if (!isWanted(own)) return {};
  const told = own.status.discovered?.["ca"];
  const before = typeof told === "string" ? { certificate: told } : {};
  if (secrets === undefined) return before;
  const secret = secrets.get(`${SYSTEM}/${AUTHORITY}`);
  if (secret !== undefined) return { ...before, ...read(secret) };
  if (before.certificate !== undefined) return { ...before, trouble: GONE };
  await make(publishing, own.metadata.name);
  return {}; // it is seen with the next turn
}

const GONE = `Secret "${AUTHORITY}" in ${SYSTEM} has gone, and no node's certificate is renewed: bring it back; to have another authority take the annotation ${CERTIFIED} away, and give it again`;

function isWanted({ metadata: { annotations = {} }, spec }: ClusterObject) {
  return (
    annotations[CERTIFIED] === "true" &&
    spec["keying"] === "ike" &&
    spec["ca"] === undefined
  );
}

function read(secret: ApiObject): OwnAuthority {
  const [certificate = "", key = ""] = ["ca.crt", "ca.key"].map((name) =>
    textIn(secret, name),
  );
  try {
    return {
      authority: readAuthority(certificate, key),
      certificate,
      stored: {
        list: textIn(secret, LIST),
        version: secret.metadata.resourceVersion,
      },
    };
  } catch {
    // What OpenSSL says may quote what it was given.
    return {
      trouble: `Secret "${AUTHORITY}" in ${SYSTEM} has no ca.crt and ca.key of one authority: bring back those that it had`,
    };
  }
}

/** Another publisher may be faster: his is taken. */
async function make(
  { access, log }: { readonly access: Access; readonly log: Log },
  cluster: string,
): Promise<void> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const texts = {
    "ca.crt": certifyAuthority(cluster, privateKey, new Date()),
    "ca.key": String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
  const body = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: AUTHORITY, namespace: SYSTEM },
    stringData: texts,
  };
  try {
    await ask(access, { method: "POST", path: PATHS.secrets, body });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    return;
  }
  log("info", "this cluster's certificate authority is made", { cluster });
}
