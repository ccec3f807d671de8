import { generateKeyPairSync } from "node:crypto";
import {
  type Authority,
  certifyAuthority,
  readAuthority,
} from "../../../../../plugin/x509/certificate.ts";
import type { SignedForNode } from "../../../../../plugin/kubernetes/certificates/signed.ts";
import { requestCertificate } from "../../../../../plugin/x509/request.ts";

/** A key of a node. */
export const nodeKey = generateKeyPairSync("ec", { namedCurve: "P-384" });

/** A request in this name, by the node's key. */
export function requestOf(identity: string): string {
  return requestCertificate(nodeKey.privateKey, identity);
}

/** The authority of cluster a. */
export function authorityOfA(): Authority {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  return readAuthority(
    certifyAuthority("a", privateKey, new Date()),
    String(privateKey.export({ type: "pkcs8", format: "pem" })),
  );
}

export const nodes = ["n1", "n2"].map((name) => ({
  metadata: { name, uid: `uid-of-${name}` },
}));

/** A CertificateSigningRequest of n1's agent, as the API server has it, with other words where a test says so. */
export function asked(
  spec: object = {},
  { name = "r", status = {} }: { name?: string; status?: object } = {},
) {
  return {
    metadata: { name, resourceVersion: "7" },
    spec: {
      signerName: "crosslink.io/node",
      request: Buffer.from(requestOf("n1.a")).toString("base64"),
      usages: ["digital signature", "server auth", "client auth"],
      username: "system:serviceaccount:crosslink-system:crosslink-agent",
      extra: bound("n1"),
      ...spec,
    },
    status,
  };
}

/** What the API server says of a token that is bound to a pod on this node. */
export function bound(node: string, uid = `uid-of-${node}`) {
  return {
    "authentication.kubernetes.io/node-name": [node],
    "authentication.kubernetes.io/node-uid": [uid],
    "authentication.kubernetes.io/pod-name": ["crosslink-agent-x"],
  };
}

/** A PEM text as it stands in an object. */
export function inObject(pem: string): string {
  return Buffer.from(pem).toString("base64");
}

/** What is noted of a node's certificates. */
export function signedFor(
  node: string,
  certificates: SignedForNode["certificates"],
): SignedForNode {
  return { node, certificates, resourceVersion: "7" };
}

/** A Secret as the API server gives it back. */
export function secretOf(
  name: string,
  texts: Readonly<Record<string, string>>,
  resourceVersion = "7",
) {
  const data = Object.entries(texts).map(([key, text]) => [
    key,
    inObject(text),
  ]);
  const metadata = { name, namespace: "crosslink-system", resourceVersion };
  return { metadata, data: Object.fromEntries(data) as object };
}
