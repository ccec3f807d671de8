import { parseAllDocuments } from "yaml";
import type { Access } from "../../../plugin/kubernetes/api/access.ts";
import { ask } from "../../../plugin/kubernetes/api/request.ts";
import { until } from "../../support/until.ts";

/** One verb of one resource, in a Role or ClusterRole. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly role: Role;
}

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly Rule[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** All rights that manifests give, one by one. */
export function rightsIn(manifests: string): Right[] {
  const roles = parseAllDocuments(manifests)
    .map((document) => document.toJS() as Role)
    .filter(({ kind }) => ["Role", "ClusterRole"].includes(kind));
  return roles.flatMap((role) =>
    role.rules.flatMap(({ apiGroups, resources, verbs }) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({
          ...{ verb, resource, role },
          group: apiGroups[0] ?? "",
        })),
      ),
    ),
  );
}

/** Takes a right away, and waits until whoever has it is refused it. Disposed of, it is given back. */
export async function withoutRight(
  admin: Access,
  { verb, group, resource, role }: Right,
  account: Access,
): Promise<AsyncDisposable> {
  const { kind, metadata, rules } = role;
  const { name, namespace } = metadata;
  const place = namespace === undefined ? "" : `namespaces/${namespace}/`;
  const path = `/apis/rbac.authorization.k8s.io/v1/${place}${kind.toLowerCase()}s/${name}`;
  const put = (given: readonly Rule[]) =>
    ask(admin, { method: "PATCH", path, body: { rules: given } });
  const less = rules.flatMap((rule) => {
    if (!rule.resources.includes(resource)) return [rule];
    const others = rule.resources.filter((one) => one !== resource);
    const rest = rule.verbs.filter((one) => one !== verb);
    return [
      { ...rule, resources: others },
      { ...rule, resources: [resource], verbs: rest },
    ].filter(({ resources, verbs }) => resources.length * verbs.length > 0);
  });
  const [named] = rules.filter(
    ({ resources, verbs }) =>
      resources.includes(resource) && verbs.includes(verb),
  );
  const [whole, subresource = ""] = resource.split("/");
  const isAllowed = async () => {
    const resourceAttributes = {
      ...{ verb, group, resource: whole, subresource },
      namespace: namespace ?? "",
      name: named?.resourceNames?.[0] ?? "",
    };
    const answer = await ask(account, {
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
      },
    });
    return (answer as { status: { allowed: boolean } }).status.allowed;
  };
  await put(less);
  await until(async () => !(await isAllowed()));
  return {
    [Symbol.asyncDispose]: async () => {
      await put(rules);
      await until(isAllowed);
    },
  };
}
