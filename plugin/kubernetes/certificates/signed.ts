import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import type { ApiObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { textIn } from "../join/peer-secret.ts";
import { PATHS, SYSTEM } from "../names.ts";

/** A certificate that was signed for a node. */
export interface SignedCertificate {
  readonly serial: string;
  /** The digest of the key that it is for. */
  readonly key: string;
  /** The uid of the Node that it was for, which another one of that name does not have. */
  readonly node: string;
  /** The end of its life, in RFC 3339. */
  readonly until: string;
}

/** All that was signed for nodes of one name. */
export interface SignedForNode {
  readonly node: string;
  /** Undefined where what is noted makes no sense. */
  readonly certificates: readonly SignedCertificate[] | undefined;
  /** The version of the Secret that it is from. */
  readonly resourceVersion: string | undefined;
}

/** What is noted of each node, by its name. */
export type SignedByNode = ReadonlyMap<string, SignedForNode>;

/** How many certificates of a node may hold at a time: one that asks without end fills no list. */
export const MOST_SIGNED = 64;

const PREFIX = "signed-";
const FILE = "certificates.json";

/** The name of the Secret that has what was signed for a node. */
export function signedSecret(node: string): string {
  return `${PREFIX}${node}`;
}

/**
 * Reads what was signed, which is a Secret a node, since kubernetes forgets requests within the hour.
 *
 * @param secrets those of crosslink-system
 */
export function readSigned(
  secrets: Iterable<ApiObject>,
): Map<string, SignedForNode> {
  const all = [...secrets].flatMap((secret): SignedForNode[] => {
    const { name, resourceVersion } = secret.metadata;
    if (!name.startsWith(PREFIX)) return [];
    const certificates = parse(textIn(secret, FILE));
    return [{ node: name.slice(PREFIX.length), certificates, resourceVersion }];
  });
  return new Map(all.map((one) => [one.node, one]));
}

function parse(text = ""): SignedCertificate[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isSigned) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSigned(value: unknown): value is SignedCertificate {
  return (
    isObject(value) &&
    ["key", "node"].every((word) => typeof value[word] === "string") &&
    /^([0-9A-F]{2})+$/.test(String(value["serial"])) &&
    !Number.isNaN(Date.parse(String(value["until"])))
  );
}

/** Those that hold still. */
export function holding(
  signed: Pick<SignedForNode, "certificates"> | undefined,
  now: number,
): SignedCertificate[] {
  const all = signed?.certificates ?? [];
  return all.filter(({ until }) => Date.parse(until) > now);
}

/** What a certificate is noted by. */
export function signedOf(pem: string, node: string): SignedCertificate {
  const certificate = new X509Certificate(pem);
  return {
    serial: certificate.serialNumber,
    key: keyDigest(certificate.publicKey),
    node,
    until: certificate.validToDate.toISOString(),
  };
}

/** Tells keys apart. */
export function keyDigest(key: KeyObject): string {
  const bytes = key.export({ type: "spki", format: "der" });
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Notes a certificate beside those that hold still. Rejects with ApiError 409 or 404 where somebody else has written since: what he
 * wrote is not to be lost.
 */
export async function noteSigned(
  access: Access,
  node: string,
  { before, next, now }: Noting,
): Promise<void> {
  const kept = holding(before, now).filter(
    ({ serial }) => serial !== next.serial,
  );
  const name = signedSecret(node);
  const stringData = { [FILE]: JSON.stringify([...kept, next]) };
  if (before === undefined) {
    const metadata = { name, namespace: SYSTEM };
    const body = { apiVersion: "v1", kind: "Secret", metadata, stringData };
    await ask(access, { method: "POST", path: PATHS.secrets, body });
    return;
  }
  const { resourceVersion } = before;
  const body = { metadata: { resourceVersion }, stringData };
  await ask(access, {
    ...{ method: "PATCH", path: `${PATHS.secrets}/${name}`, body },
  });
}

interface Noting {
  /** As it was read; undefined where there is nothing yet. */
  readonly before: SignedForNode | undefined;
  readonly next: SignedCertificate;
  readonly now: number;
}

/** Forgets of which nodes no certificate holds any more. Rejects with ApiError. */
export async function removeSpent(
  access: Access,
  signed: SignedByNode,
): Promise<void> {
  const now = Date.now();
  for (const { node, certificates, resourceVersion } of signed.values()) {
    const isSpent =
      certificates !== undefined && holding({ certificates }, now).length === 0;
    if (!isSpent) continue;
    const path = `${PATHS.secrets}/${signedSecret(node)}`;
    // Another may have been noted since.
    const body = {
      ...{ apiVersion: "v1", kind: "DeleteOptions" },
      preconditions: { resourceVersion },
    };
    await ask(access, { method: "DELETE", path, body }).catch(
      (error: unknown) => {
        if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
      },
    );
  }
}
