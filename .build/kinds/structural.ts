/** Parts of a JSON Schema, as Kubernetes takes them: structural, and with rules whose cost can be estimated. */

/** A JSON Schema, or an OpenAPI schema as Kubernetes has it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export type Properties = Readonly<Record<string, JsonSchema>>;

/** Of a cluster file, but of no object: an object's name is its own, its nodes are in slices, and files alone are managed. */
const FILE_ONLY = ["name", "nodes", "managedBy"];

/** What the API server's estimate of a rule's cost needs to know; larger than any cluster that was ever seen. */
export const MOST = { cidrs: 256, nodes: 100, ips: 8 };

export const CIDR: JsonSchema = {
  type: "string",
  maxLength: 43,
  "x-kubernetes-validations": [
    {
      rule: "isCIDR(self) && cidr(self).masked() == cidr(self)",
      message: "want a CIDR without host bits, such as 10.64.0.0/16",
    },
  ],
};

const ADDRESS: JsonSchema = {
  type: "string",
  maxLength: 45,
  "x-kubernetes-validations": [
    { rule: "isIP(self)", message: "want an IP address" },
  ],
};

/** What a cluster file and a Cluster both say. */
export function wordsOf(schema: JsonSchema): Properties {
  const all = Object.entries(schema["properties"] as Properties);
  return Object.fromEntries(
    all
      .filter(([key]) => !FILE_ONLY.includes(key))
      .map(([key, word]) => [key, structural(key, word)]),
  );
}

/** A node of a slice. */
export function nodeOf(schema: JsonSchema): JsonSchema {
  const { node } = schema["$defs"] as { readonly node: JsonSchema };
  const properties = Object.entries(node["properties"] as Properties);
  return {
    type: "object",
    required: node["required"],
    properties: Object.fromEntries(
      properties.map(([key, word]) => [key, structural(key, word)]),
    ),
  };
}

/** What is a file of its own, in the file. */
const PEMS = new Set(["ca", "crl"]);

/**
 * The schema as Kubernetes takes it: structural. No defaults: what nobody said must not look as if somebody had, since an
 * explicit word goes before a discovered one.
 */
function structural(key: string, word: JsonSchema): JsonSchema {
  const { default: _default, ...rest } = word;
  if ("enum" in rest) return { ...rest, type: "string" };
  if (key === "globalCIDRs")
    return { ...rest, maxProperties: MOST.cidrs, additionalProperties: CIDR };
  if (key === "elasticIP") return { ...rest, ...ADDRESS };
  if (rest["type"] === "array") {
    const addresses = key === "ips";
    return {
      ...rest,
      maxItems: addresses ? MOST.ips : MOST.cidrs,
      items: addresses ? ADDRESS : CIDR,
    };
  }
  if (rest["type"] === "string")
    return { ...rest, maxLength: PEMS.has(key) ? 65_536 : 253 };
  return rest;
}
