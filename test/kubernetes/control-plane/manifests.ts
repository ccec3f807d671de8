import { BOX } from "../images.ts";
import type { Manifest } from "./kubectl.ts";

/** A pod that does nothing unless told to. */
export interface PodWords {
  readonly name: string;
  /** Where it shall run; anywhere unless said. */
  readonly node?: string;
}

/** A pod's manifest. It does not wait for what no cluster here has: service accounts' tokens, DNS, taints' ends. */
export function podManifest({ name, node }: PodWords): Manifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      // Not nodeName: pods of nodes that are not there yet are collected.
      ...(node === undefined
        ? {}
        : { nodeSelector: { "kubernetes.io/hostname": node } }),
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      dnsPolicy: "Default",
      tolerations: [{ operator: "Exists" }],
      containers: [{ name: "main", image: BOX, imagePullPolicy: "Never" }],
    },
  };
}
