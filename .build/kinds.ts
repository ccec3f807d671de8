/** The CustomResourceDefinitions of `crosslink.io/v1alpha1`, made from conf/'s JSON Schema of a cluster file: one schema, two carriers. */
import { clusterDefinition } from "./kinds/cluster.ts";
import { clusterNodesDefinition } from "./kinds/cluster-nodes.ts";
import { type JsonSchema, nodeOf, wordsOf } from "./kinds/structural.ts";

/** Makes both definitions out of the schema of a cluster file. */
export function customResourceDefinitions(schema: JsonSchema): object[] {
  return [
    clusterDefinition(wordsOf(schema)),
    clusterNodesDefinition(nodeOf(schema)),
  ];
}
