import { BOX } from "../images.ts";
import type { Manifest } from "./kubectl.ts";

/** A pod that does nothing unless told to. */
export interface PodWords {
  readonly name: string;
  /** Where it shall run; anywhere unless said. */
  readonly node?: string;
  /** What its spec has besides, or in place of what such a pod has. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A pod's manifest. */
export function podManifest({ name, node, spec = {} }: PodWords): Manifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      // Not nodeName: pods of nodes that are not there yet are collected.
      ...(node === undefined
        ? {}
        : { nodeSelector: { "kubernetes.io/hostname": node } }),
      ...IDLE,
      ...spec,
    },
  };
}

/** Pods that do nothing unless told to, as many at a time, wherever there is room. */
export interface DeploymentWords {
  readonly name: string;
  readonly replicas: number;
}

export function deploymentManifest({
  name,
  replicas,
}: DeploymentWords): Manifest {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: IDLE },
    },
  };
}

/** It does not wait for what no cluster here has: service accounts' tokens, DNS, taints' ends. */
const IDLE = {
  terminationGracePeriodSeconds: 1,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  dnsPolicy: "Default",
  tolerations: [{ operator: "Exists" }],
  containers: [{ name: "main", image: BOX, imagePullPolicy: "Never" }],
};

/** A service in front of a pod, at port 80 of its own address and at a port of every node. */
export interface ServiceWords {
  readonly name: string;
  /** The pod's name. */
  readonly pod: string;
  /** Where the pod listens. */
  readonly targetPort: number;
  /** 30000 to 32767. */
  readonly nodePort: number;
}

export function serviceManifest({ pod, ...words }: ServiceWords): Manifest {
  return nodePortService(words, { selector: { app: pod } });
}

function nodePortService(
  { name, targetPort, nodePort }: Omit<ServiceWords, "pod">,
  more: object,
): Manifest {
  const ports = [{ port: 80, targetPort, nodePort }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { type: "NodePort", ports, ...more },
  };
}

/** A service whose only endpoint is written by hand, as a controller manager would or an admin of several clusters. */
export interface EndpointWords extends Omit<ServiceWords, "pod"> {
  /** The endpoint's address, and the node it is on, if it is on one of the cluster's. */
  readonly endpoint: { readonly address: string; readonly node?: string };
  /** Keeps who asks at a node's port to endpoints of that node, and leaves it its address. */
  readonly isLocal?: boolean;
}

export function serviceOf({
  endpoint: { address, node },
  isLocal = false,
  ...words
}: EndpointWords): Manifest[] {
  const externalTrafficPolicy = isLocal ? "Local" : "Cluster";
  return [
    nodePortService(words, { externalTrafficPolicy }),
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${words.name}-1`,
        labels: { "kubernetes.io/service-name": words.name },
      },
      addressType: "IPv4",
      ports: [{ name: "", port: words.targetPort, protocol: "TCP" }],
      endpoints: [{ addresses: [address], nodeName: node }],
    },
  ];
}
