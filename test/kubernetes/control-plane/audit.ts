import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM } from "../../../plugin/kubernetes/names.ts";
import type { Kubectl } from "./kubectl.ts";

const ACCOUNT = `system:serviceaccount:${SYSTEM}:`;

/** Words with which an API server writes down who of our accounts asked for what. */
export function auditWords(folder: string): string[] {
  const policy = join(folder, "audit-policy.json");
  const userGroups = [`system:serviceaccounts:${SYSTEM}`];
  writeFileSync(
    policy,
    JSON.stringify({
      apiVersion: "audit.k8s.io/v1",
      kind: "Policy",
      omitStages: ["RequestReceived"],
      rules: [{ level: "Metadata", userGroups }, { level: "None" }],
    }),
  );
  return [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${join(folder, "audit.log")}`,
  ];
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

/** What an account asked the API servers of these folders for, and was allowed, each as `verb group/resource namespace`, in order. */
export function askedBy(folders: readonly string[], account: RegExp): string[] {
  const events = folders.flatMap((folder) =>
    readFileSync(join(folder, "audit.log"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditEvent),
  );
  const asked = events
    .filter(
      ({ user: { username }, responseStatus }) =>
        username.startsWith(ACCOUNT) &&
        account.test(username.slice(ACCOUNT.length)) &&
        responseStatus?.code !== 403,
    )
    .flatMap(({ verb, objectRef }) =>
      // kubectl auth can-i asks for itself.
      objectRef === undefined || objectRef.apiGroup === "authorization.k8s.io"
        ? []
        : [
            line(verb, {
              group: objectRef.apiGroup ?? "",
              resource: [objectRef.resource, objectRef.subresource]
                .filter((part) => part !== undefined)
                .join("/"),
              namespace: objectRef.namespace ?? "",
            }),
          ],
    );
  return [...new Set(asked)].sort();
}

/** What the roles of that name allow, in the same words. */
export async function allowedBy(
  kubectl: Kubectl,
  name: string,
): Promise<string[]> {
  const { items } = await kubectl.get("clusterroles,roles", "-A");
  const roles = (items as Role[]).filter(
    ({ metadata }) => metadata.name === name,
  );
  const lines = roles.flatMap(({ metadata: { namespace = "" }, rules }) =>
    rules.flatMap(({ apiGroups: [group = ""], resources, verbs }) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => line(verb, { group, resource, namespace })),
      ),
    ),
  );
  return [...new Set(lines)].sort();
}

interface Role {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

function line(
  verb: string,
  place: { group: string; resource: string; namespace: string },
): string {
  return `${verb} ${place.group}/${place.resource} ${place.namespace}`.trim();
}
