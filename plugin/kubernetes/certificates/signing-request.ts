import { isObject } from "../../../cni/configuration.ts";
import type { ApiObject } from "../api/object.ts";
import { CERTIFICATES_VERSION, SIGNER } from "../names.ts";

/** What has become of a request. */
type State = "pending" | "approved" | "denied" | "failed";

/** A CertificateSigningRequest (certificates.k8s.io/v1), as far as we look at it. Who asks was written by the API server. */
export interface SigningRequest {
  readonly name: string;
  readonly username: string;
  /** The node that the asking token is bound to, and its uid, where it is bound to one. */
  readonly node: string | undefined;
  readonly nodeUid: string | undefined;
  /** PKCS #10, as PEM. */
  readonly request: string;
  readonly usages: readonly string[];
  /** How long it is to hold, where that was said. */
  readonly seconds: number | undefined;
  readonly state: State;
  /** What whoever denied it has written. */
  readonly message: string;
  /** As PEM. */
  readonly certificate: string | undefined;
}

/** Since Kubernetes 1.30, of a token that is bound to a pod or a node (KEP-4193). */
const NODE_NAME = "authentication.kubernetes.io/node-name";
const NODE_UID = "authentication.kubernetes.io/node-uid";

/** An object as a request; undefined where it is another signer's. */
export function asSigningRequest(
  object: ApiObject,
): SigningRequest | undefined {
  const { spec, status } = object as {
    readonly spec?: unknown;
    readonly status?: unknown;
  };
  const said = recordOf(spec);
  if (said["signerName"] !== SIGNER) return undefined;
  const extra = recordOf(said["extra"]);
  const seconds = said["expirationSeconds"];
  return {
    name: object.metadata.name,
    username: textOf(said["username"]) ?? "",
    node: onlyText(extra[NODE_NAME]),
    nodeUid: onlyText(extra[NODE_UID]),
    request: decoded(said["request"]) ?? "",
    usages: textsIn(said["usages"]),
    seconds: typeof seconds === "number" ? seconds : undefined,
    ...become(recordOf(status)),
  };
}

function become(
  status: Readonly<Record<string, unknown>>,
): Pick<SigningRequest, "state" | "message" | "certificate"> {
  const list = status["conditions"];
  const conditions = Array.isArray(list) ? list.filter(isObject) : [];
  const of = (type: string) => conditions.find((one) => one["type"] === type);
  const against = of("Denied") ?? of("Failed");
  return {
    state:
      of("Denied") !== undefined
        ? "denied"
        : of("Failed") !== undefined
          ? "failed"
          : of("Approved") !== undefined
            ? "approved"
            : "pending",
    message: textOf(against?.["message"]) ?? "",
    certificate: decoded(status["certificate"]),
  };
}

/** An object that asks; one name is one request, whoever makes it again. */
export function signingRequest(
  name: string,
  { request, seconds }: { readonly request: string; readonly seconds: number },
): object {
  return {
    apiVersion: CERTIFICATES_VERSION,
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: {
      signerName: SIGNER,
      request: Buffer.from(request).toString("base64"),
      usages: USAGES,
      expirationSeconds: seconds,
    },
  };
}

/** What a node's certificate is for: it signs IKE's exchange, whichever end begins. */
export const USAGES = ["digital signature", "server auth", "client auth"];

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Of several nobody could tell which counts. */
function onlyText(value: unknown): string | undefined {
  const [text, ...others] = textsIn(value);
  return others.length === 0 ? text : undefined;
}

function decoded(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined || text === ""
    ? undefined
    : Buffer.from(text, "base64").toString("utf8");
}
