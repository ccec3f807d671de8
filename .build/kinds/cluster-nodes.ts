import { column, definition } from "./definition.ts";
import { type JsonSchema, MOST } from "./structural.ts";

/** The kind of a slice: agents are told of a changed node by one of at most 100, not by all. */
export function clusterNodesDefinition(node: JsonSchema): object {
  return definition({
    kind: "ClusterNodes",
    plural: "clusternodes",
    description: "Up to 100 nodes of a cluster.",
    columns: [column("Cluster", ".spec.cluster", "string")],
    spec: {
      required: ["cluster", "nodes"],
      properties: {
        cluster: {
          description: "The Cluster's name.",
          type: "string",
          minLength: 1,
          maxLength: 63,
          "x-kubernetes-validations": [
            {
              rule: "self == oldSelf",
              message: "a slice stays its cluster's own",
            },
          ],
        },
        nodes: {
          type: "array",
          maxItems: MOST.nodes,
          items: node,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
      },
    },
    rules: [
      {
        rule: "self.metadata.name.startsWith(self.spec.cluster + '-')",
        message: "a slice is called CLUSTER-NUMBER",
      },
    ],
  });
}
