import { CONDITIONS } from "./conditions.ts";
import { column, definition } from "./definition.ts";
import { CIDR, type JsonSchema, MOST, type Properties } from "./structural.ts";

/** The kind of a cluster of the mesh. */
export function clusterDefinition(words: Properties): object {
  return definition({
    kind: "Cluster",
    plural: "clusters",
    description:
      "A cluster of the mesh: this one, one that joined it, or a plain network. Agents write a file of it on each node.",
    columns: COLUMNS,
    spec: {
      description:
        "What the admin of this cluster says. Each word here goes before what was discovered or what a peer claims.",
      properties: { local: LOCAL, peer: PEER, ...words },
      rules: CLUSTER_RULES,
    },
    status: { properties: statusOf(words) },
    rules: NAME_RULES,
  });
}

const COLUMNS = [
  column("Local", ".spec.local", "boolean"),
  column("Nodes", ".status.nodes", "integer"),
  column("Pods", ".status.discovered.podCIDRs", "string"),
  column("Ready", '.status.conditions[?(@.type=="Ready")].status', "string"),
  column("Reason", '.status.conditions[?(@.type=="Ready")].reason', "string"),
  column("Seen", ".status.lastSeen", "date"),
];

function statusOf(words: Properties): Properties {
  return {
    observedGeneration: { type: "integer", format: "int64" },
    discovered: {
      description:
        "What was found in this cluster, or what a peer says of itself.",
      type: "object",
      properties: words,
    },
    origins: {
      description: "Where each discovered word comes from.",
      type: "object",
      maxProperties: 32,
      additionalProperties: { type: "string", maxLength: 256 },
    },
    nodes: { type: "integer" },
    slices: {
      description:
        "How many ClusterNodes there are; with fewer, agents keep the file that they have.",
      type: "integer",
    },
    lastSeen: {
      description: "When its API server last gave a good answer.",
      type: "string",
      format: "date-time",
    },
    conditions: CONDITIONS,
  };
}

const LOCAL: JsonSchema = {
  description: "Whether this is the cluster that the object is in.",
  type: "boolean",
};

const PEER: JsonSchema = {
  description:
    "For a cluster that joined: where its own objects are read, and what they may claim.",
  type: "object",
  required: ["server", "allowedCIDRs"],
  properties: {
    server: {
      description:
        "The URL of its API server, as pods of this cluster reach it.",
      type: "string",
      maxLength: 512,
      pattern: "^https://",
    },
    allowedCIDRs: {
      description:
        "Networks within which all that it claims must lie: pods, services, and what others see.",
      type: "array",
      maxItems: MOST.cidrs,
      items: CIDR,
    },
  },
};

const CLUSTER_RULES = [
  {
    rule: "!(has(self.local) && self.local && has(self.peer))",
    message: "a cluster is this one or a peer, not both",
  },
  {
    rule: "(has(self.local) && self.local) == (has(oldSelf.local) && oldSelf.local)",
    message: "which cluster is this one does not change; delete the object",
  },
  {
    rule: "!has(self.encryption) || self.encryption != 'none' || (has(self.podCIDRs) && self.podCIDRs.size() > 0)",
    message: "a plain network consists of its podCIDRs",
  },
  {
    rule: "!has(self.globalCIDRs) || !has(self.podCIDRs) || self.globalCIDRs.all(pods, pods in self.podCIDRs)",
    message: "each key of globalCIDRs is one of the podCIDRs",
  },
];

const NAME_RULES = [
  {
    rule: "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
    message:
      "a cluster's name has at most 63 small letters, digits and dashes, a letter or digit first and last",
  },
];
