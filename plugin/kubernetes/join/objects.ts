import { isObject } from "../../../cni/configuration.ts";
import type { Access } from "../api/access.ts";
import { ApiError, isStatus } from "../api/error.ts";
import { ask } from "../api/request.ts";
import { KEYS, PATHS, SYSTEM } from "../names.ts";

const RBAC_GROUP = "rbac.authorization.k8s.io";
const RBAC_VERSION = `${RBAC_GROUP}/v1`;
const RBAC = `/apis/${RBAC_VERSION}`;

/** An hour, and the life of a token that renews itself: seconds. */
export const INVITATION_SECONDS = 3_600;
export const TOKEN_SECONDS = 7 * 24 * 3_600;

/** The account by which a peer reads this cluster, and the Secret by which the peer is read. */
export function accountOf(peer: string): string {
  return `peer-${peer}`;
}

/** The Secret that an invitation's answer is written into. */
export function invitationSecret(peer: string): string {
  return `invitation-${peer}`;
}

/** Paths of all that joining a peer makes here; the Cluster object is not among them. */
export function pathsOf(peer: string): string[] {
  const name = accountOf(peer);
  const system = `/api/v1/namespaces/${SYSTEM}`;
  return [
    `${RBAC}/clusterrolebindings/crosslink-${name}`,
    ...[SYSTEM, KEYS].flatMap((namespace) => [
      `${RBAC}/namespaces/${namespace}/rolebindings/${name}`,
      `${RBAC}/namespaces/${namespace}/roles/${name}`,
    ]),
    `${system}/serviceaccounts/${name}`,
    `${system}/secrets/${invitationSecret(peer)}`,
    `${system}/secrets/${name}`,
    `${PATHS.keyrings}/${peer}`,
  ];
}

/**
 * Makes the account by which a peer reads both kinds and the pair's keyring, renews its own token, and, until it has answered,
 * may write the one Secret.
 */
export async function makeAccount(access: Access, peer: string): Promise<void> {
  const name = accountOf(peer);
  const subjects = [{ kind: "ServiceAccount", name, namespace: SYSTEM }];
  await put(access, `/api/v1/namespaces/${SYSTEM}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: SYSTEM },
  });
  for (const [namespace, rules] of Object.entries(rulesOf(peer))) {
    const own = `${RBAC}/namespaces/${namespace}`;
    const metadata = { name, namespace };
    await put(access, `${own}/roles`, {
      apiVersion: RBAC_VERSION,
      kind: "Role",
      metadata,
      rules,
    });
    await put(access, `${own}/rolebindings`, {
      apiVersion: RBAC_VERSION,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC_GROUP, kind: "Role", name },
      subjects,
    });
  }
  await put(access, `${RBAC}/clusterrolebindings`, {
    apiVersion: RBAC_VERSION,
    kind: "ClusterRoleBinding",
    metadata: { name: `crosslink-${name}` },
    roleRef: {
      apiGroup: RBAC_GROUP,
      kind: "ClusterRole",
      name: "crosslink-peer",
    },
    subjects,
  });
}

/** By namespace. The keyring is the pair's: the peer has it, and reads here how far a rotation is. */
function rulesOf(peer: string): Readonly<Record<string, readonly object[]>> {
  const rule = (resource: string, name: string, ...verbs: string[]) => ({
    apiGroups: [""],
    resources: [resource],
    resourceNames: [name],
    verbs,
  });
  return {
    [SYSTEM]: [
      rule("serviceaccounts/token", accountOf(peer), "create"),
      rule("secrets", invitationSecret(peer), "patch"),
    ],
    [KEYS]: [rule("secrets", peer, "list", "watch")],
  };
}

/** A token of the account `peer-PEER`, made by whoever may. */
export async function makeToken(
  access: Access,
  account: string,
  seconds: number,
): Promise<{ readonly token: string; readonly expires: string }> {
  const answer = await ask(access, {
    method: "POST",
    path: `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${account}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: seconds },
    },
  });
  const status = isObject(answer) ? answer["status"] : undefined;
  const token = isObject(status) ? status["token"] : undefined;
  const expires = isObject(status) ? status["expirationTimestamp"] : undefined;
  if (typeof token === "string" && typeof expires === "string")
    return { token, expires };
  throw new ApiError(`Cannot make a token of "${account}": none came back`);
}

/** Writes texts into a Secret, whether it is there or not. */
export function putSecret(
  access: Access,
  place: {
    readonly name: string;
    readonly namespace: string;
  },
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  return put(access, `/api/v1/namespaces/${place.namespace}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: place,
    stringData: texts,
  });
}

/** Writes texts into a Secret that is there. Rejects with ApiError, 404 where it is not. */
export async function patchSecret(
  access: Access,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
  await ask(access, { method: "PATCH", path, body: { stringData: texts } });
}

interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Makes an object, or changes the one that is there to say the same. */
async function put(
  access: Access,
  folder: string,
  object: NamedObject,
): Promise<void> {
  try {
    await ask(access, { method: "POST", path: folder, body: object });
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    const path = `${folder}/${object.metadata.name}`;
    await ask(access, { method: "PATCH", path, body: object });
  }
}
