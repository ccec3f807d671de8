import { readSmallFile } from "../../../files/read.ts";

/** Who we are to an API server, and how it proves who it is; PEM texts and a bearer token. */
export interface Credentials {
  readonly ca?: string | undefined;
  readonly token?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** How an API server is reached. */
export interface Access {
  /** Its URL, without a slash at the end. */
  readonly server: string;
  /** Asked for each request: kubelet writes tokens anew, and authorities change. */
  readonly credentials: () => Credentials;
}

/** Where kubelet puts a pod's token and its cluster's authority. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Larger than any token or bundle of certificates. */
const LIMIT = { byteLimit: 1024 * 1024 };

/**
 * The API server of the cluster that this process is a pod of; undefined outside of one.
 *
 * @param environment with KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, as kubelet sets them
 * @param folder where the token and the authority's certificate are
 */
export function ownAccess(
  environment: Readonly<Record<string, string | undefined>>,
  folder = ACCOUNT,
): Access | undefined {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (host === undefined || host === "") return undefined;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    server: `https://${name}:${port}`,
    credentials: () => ({
      token: readSmallFile(`${folder}/token`, LIMIT)?.trim(),
      ca: readSmallFile(`${folder}/ca.crt`, LIMIT),
    }),
  };
}
