import type { Log } from "../../kernel/log.ts";
import { type Authority, certifyNode } from "../../x509/certificate.ts";
import type { Access } from "../api/access.ts";
import { ApiError, isStatus } from "../api/error.ts";
import { type ApiObject, asObject } from "../api/object.ts";
import { ask } from "../api/request.ts";
import { CERTIFICATES_VERSION, PATHS } from "../names.ts";
import { judge, type Judgement } from "./judge.ts";
import { noteSigned, type SignedByNode, signedOf } from "./signed.ts";
import { asSigningRequest, type SigningRequest } from "./signing-request.ts";

/** The longest life of a node's certificate: seconds. Renewed after two thirds, that leaves ten days for an outage. */
export const NODE_SECONDS = 30 * 24 * 3600;

/** What is answered in one turn of the publisher: it has others to serve. */
const MOST = 100;

/** What signing takes. */
export interface Signing {
  readonly access: Access;
  readonly log: Log;
  readonly cluster: string;
  readonly authority: Authority;
  readonly nodes: readonly ApiObject[];
  /** CertificateSigningRequests, also other signers'. */
  readonly requests: readonly ApiObject[];
  readonly signed: SignedByNode;
  /** Nodes that are to have no certificate. */
  readonly named: ReadonlySet<string>;
  /** Serials. */
  readonly revoked: ReadonlySet<string>;
}

/** A request that was denied. */
export interface Denied {
  readonly request: string;
  /** The node whose token asked; "" where it was none's. */
  readonly node: string;
  readonly sentence: string;
}

/**
 * Answers requests that have no answer: signs those of nodes for themselves, denies all others. Of each node one a turn, so that one
 * that asks without end keeps no other waiting. Rejects with ApiError at the first that cannot be written.
 */
export async function signRequests(signing: Signing): Promise<Denied[]> {
  const open = signing.requests.flatMap((object) => {
    const asked = asSigningRequest(object);
    return asked === undefined || isAnswered(asked) || isUnread(asked, signing)
      ? []
      : [{ object, asked }];
  });
  const byNode = Map.groupBy(open, ({ asked }) => asked.node ?? "");
  const first = [...byNode.values()].flatMap((all) => all.slice(0, 1));
  const denied: Denied[] = [];
  for (const { object, asked } of first.slice(0, MOST)) {
    const sentence = await answer(signing, object, asked);
    if (sentence === undefined) continue;
    denied.push({ request: asked.name, node: asked.node ?? "", sentence });
  }
  return denied;
}

function isAnswered({ certificate, state }: SigningRequest): boolean {
  return certificate !== undefined || state === "denied" || state === "failed";
}

/** What could not be noted is not signed. */
function isUnread({ node = "" }: SigningRequest, { signed }: Signing): boolean {
  const noted = signed.get(node);
  return noted !== undefined && noted.certificates === undefined;
}

/** Returns why it is denied. Another writer's word is none: the next turn sees what he wrote. */
async function answer(
  signing: Signing,
  object: ApiObject,
  asked: SigningRequest,
): Promise<string | undefined> {
  try {
    return await answerOne(signing, object, asked);
  } catch (error) {
    if (isStatus(error, 409) || isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function answerOne(
  signing: Signing,
  object: ApiObject,
  asked: SigningRequest,
): Promise<string | undefined> {
  const { access, log } = signing;
  const now = Date.now();
  const judgement = judge(asked, { ...signing, now });
  const isPending = asked.state === "pending";
  if ("refusal" in judgement) {
    const { refusal } = judgement;
    log("warn", `a certificate is denied: ${refusal}`, { request: asked.name });
    // Whoever approved it by hand does not make it right.
    await (isPending
      ? write(access, "approval", withCondition(object, "Denied", refusal))
      : write(access, "status", withCondition(object, "Failed", refusal)));
    return refusal;
  }
  const approved = isPending
    ? await write(
        access,
        "approval",
        withCondition(object, "Approved", "the node asks for its own name"),
      )
    : object;
  const certificate = await certified(signing, {
    asked,
    object,
    judgement,
    now,
  });
  await write(
    access,
    "status",
    withStatus(approved, { certificate: base64(certificate) }),
  );
  log("info", "a node's certificate is signed", { node: asked.node });
  return undefined;
}

/**
 * The certificate, as PEM, once it is noted: what is given without a note of it could never be revoked.
 */
async function certified(
  { access, authority, nodes, signed }: Signing,
  { asked, object, judgement, now }: Judged,
): Promise<string> {
  const { node, identity, publicKey } = judgement;
  const seconds = Math.min(asked.seconds ?? NODE_SECONDS, NODE_SECONDS);
  const { uid } = object.metadata;
  const certificate = certifyNode(authority, identity, {
    ...{ publicKey, now: new Date(now), seconds },
    // Whoever is killed before it is given signs it again, and it is one.
    ...(uid === undefined ? {} : { unique: uid }),
  });
  const { metadata } = nodes.find((one) => one.metadata.name === node) ?? {};
  const next = signedOf(certificate, metadata?.uid ?? "");
  await noteSigned(access, node, { before: signed.get(node), next, now });
  return certificate;
}

/** A request that is right. */
interface Judged {
  readonly asked: SigningRequest;
  readonly object: ApiObject;
  readonly judgement: Exclude<Judgement, { readonly refusal: string }>;
  readonly now: number;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function withCondition(object: ApiObject, type: string, message: string) {
  const { conditions } = statusOf(object);
  const condition = {
    ...{ type, status: "True", reason: "CrosslinkPublisher" },
    message: message.slice(0, 1024),
    lastUpdateTime: new Date().toISOString(),
  };
  const others = Array.isArray(conditions) ? (conditions as unknown[]) : [];
  return withStatus(object, { conditions: [...others, condition] });
}

function withStatus(object: ApiObject, words: object): ApiObject {
  const status = { ...statusOf(object), ...words };
  return { ...object, status } as ApiObject;
}

function statusOf(object: ApiObject): { readonly conditions?: unknown } {
  return (object as { readonly status?: object }).status ?? {};
}

/** The whole object, with its version: what was judged is what is answered. */
async function write(
  access: Access,
  subresource: "approval" | "status",
  object: ApiObject,
): Promise<ApiObject> {
  const path = `${PATHS.requests}/${object.metadata.name}/${subresource}`;
  const kind = "CertificateSigningRequest";
  const body = { ...object, apiVersion: CERTIFICATES_VERSION, kind };
  const answered = asObject(await ask(access, { method: "PUT", path, body }));
  if (answered !== undefined) return answered;
  throw new ApiError(`Cannot PUT ${path}: no object came back`);
}
