import type { Properties } from "./structural.ts";

/** What distinguishes one kind from the other. */
export interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly description: string;
  readonly columns: readonly object[];
  readonly spec: {
    readonly description?: string;
    readonly required?: readonly string[];
    readonly properties: Properties;
    readonly rules?: readonly object[];
  };
  readonly status?: { readonly properties: Properties };
  readonly rules: readonly object[];
}

const GROUP = "crosslink.io";

/** A CustomResourceDefinition of our group and version. */
export function definition({ kind, plural, ...rest }: Definition): object {
  const hasStatus = rest.status !== undefined;
  const version = {
    name: "v1alpha1",
    served: true,
    storage: true,
    additionalPrinterColumns: rest.columns,
    ...(hasStatus ? { subresources: { status: {} } } : {}),
    schema: { openAPIV3Schema: schemaOf(rest) },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Cluster",
      names: {
        kind,
        plural,
        singular: kind.toLowerCase(),
        listKind: `${kind}List`,
      },
      versions: [version],
    },
  };
}

function schemaOf({
  description,
  spec: { rules = [], ...spec },
  status,
  rules: objectRules,
}: Omit<Definition, "kind" | "plural">): object {
  return {
    description,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: {
        type: "object",
        ...spec,
        ...(rules.length > 0 ? { "x-kubernetes-validations": rules } : {}),
      },
      ...(status === undefined
        ? {}
        : { status: { type: "object", ...status } }),
    },
    "x-kubernetes-validations": objectRules,
  };
}

/** What `kubectl get` shows. */
export function column(name: string, jsonPath: string, type: string): object {
  return { name, jsonPath, type };
}
