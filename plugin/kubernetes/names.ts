import { CniError, ErrorCode } from "../../cni/error.ts";

/** The group and version of our two kinds. */
export const API_VERSION = "crosslink.io/v1alpha1";

const API = `/apis/${API_VERSION}`;

/** Where the programs are, and what the publisher needs to read its peers. */
export const SYSTEM = "crosslink-system";

/** Where the keyrings are, a Secret a cluster, named as the cluster. */
export const KEYS = "crosslink-keys";

/** Where gateways' agents say that they are there, a Lease a node, named as the node. */
const HEARTBEATS = "crosslink-gateways";

/** The annotation of a Node that is to be a gateway: "true". */
export const GATEWAY = "crosslink.io/gateway";

/** The annotation of such a Lease with what its agent finds wrong; none where all is well. */
export const TROUBLE = "crosslink.io/trouble";

/** The annotation of a Node with its public address, which goes before what its cloud says. */
export const ELASTIC_IP = "crosslink.io/elastic-ip";

/** The annotation of a cluster's own Cluster by which its ServiceCIDRs are told to others. */
export const SERVED = "crosslink.io/publish-services";

/** The annotation of a cluster's own Cluster by which its publisher is the authority of its nodes' certificates. */
export const CERTIFIED = "crosslink.io/certificates";

/** The annotation of a cluster's own Cluster with the names of Nodes whose certificates are revoked, and that get no other. */
export const REVOKED = "crosslink.io/revoked";

/** Who signs nodes' certificates, as CertificateSigningRequests name it. */
export const SIGNER = "crosslink.io/node";

/** How Secrets are called, among the publisher's, by which it is asked whether it reaches an API server. */
export const PROBE = "probe-";

/** The service account of the agents, in full. */
export const AGENT = `system:serviceaccount:${SYSTEM}:crosslink-agent`;

export const CERTIFICATES_VERSION = "certificates.k8s.io/v1";

export const EVENTS_VERSION = "events.k8s.io/v1";

/** Where Events of objects that are no namespace's are: `kubectl describe` looks for them there. */
export const EVENTS = `/apis/${EVENTS_VERSION}/namespaces/default/events`;

/** Paths of what is listed, watched and written. */
export const PATHS = {
  clusters: `${API}/clusters`,
  slices: `${API}/clusternodes`,
  nodes: "/api/v1/nodes",
  pools: "/apis/crd.projectcalico.org/v1/ippools",
  affinities: "/apis/crd.projectcalico.org/v1/blockaffinities",
  services: "/apis/networking.k8s.io/v1/servicecidrs",
  requests: `/apis/${CERTIFICATES_VERSION}/certificatesigningrequests`,
  keyrings: `/api/v1/namespaces/${KEYS}/secrets`,
  secrets: `/api/v1/namespaces/${SYSTEM}/secrets`,
  heartbeats: `/apis/coordination.k8s.io/v1/namespaces/${HEARTBEATS}/leases`,
} as const;

/** Whether a text can be the name of a Cluster: an RFC 1123 label, as the kind's own rule has it. */
export function isClusterName(text: string): boolean {
  return /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** @throws CniError 7 for a text that cannot be the name of a Cluster */
export function requireClusterName(text: string): void {
  if (isClusterName(text)) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot name a cluster "${text.slice(0, 80)}"`,
    {
      details:
        "give at most 63 small letters, digits and dashes, a letter or digit first and last",
    },
  );
}
