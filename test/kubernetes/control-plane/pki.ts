import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key, by the paths of their files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A cluster's certificate authority. */
export interface Authority extends Identity {
  /** Signs a certificate of the file name `name`, with lines of x509v3_config(5). */
  readonly sign: (
    name: string,
    subject: string,
    extensions: readonly string[],
  ) => Identity;
}

const DAYS = ["-days", "30"];
const NEW_KEY = [
  "-newkey",
  "ec",
  "-pkeyopt",
  "ec_paramgen_curve:prime256v1",
  "-nodes",
];

/** Makes an authority in a folder. */
export function authority(folder: string): Authority {
  mkdirSync(folder, { recursive: true });
  const own = identity(folder, "ca");
  openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    ...DAYS,
    "-subj",
    "/CN=ca",
    "-keyout",
    own.key,
    "-out",
    own.certificate,
  );
  const sign: Authority["sign"] = (name, subject, extensions) => {
    const signed = identity(folder, name);
    const request = join(folder, `${name}.csr`);
    const words = join(folder, `${name}.ext`);
    writeFileSync(words, extensions.join("\n"));
    openssl(
      "req",
      "-new",
      ...NEW_KEY,
      "-subj",
      subject,
      "-keyout",
      signed.key,
      "-out",
      request,
    );
    const by = ["-CA", own.certificate, "-CAkey", own.key, "-CAcreateserial"];
    openssl(
      "x509",
      "-req",
      "-in",
      request,
      ...by,
      ...DAYS,
      "-out",
      signed.certificate,
      "-extfile",
      words,
    );
    rmSync(request);
    return signed;
  };
  return { ...own, sign };
}

/** A kubeconfig that shows an identity to the API server at a URL. */
export function kubeconfig(
  server: string,
  { certificate }: Identity,
  user: Identity,
): string {
  const inline = (path: string) => readFileSync(path).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "cluster",
        cluster: { server, "certificate-authority-data": inline(certificate) },
      },
    ],
    users: [
      {
        name: "user",
        user: {
          "client-certificate-data": inline(user.certificate),
          "client-key-data": inline(user.key),
        },
      },
    ],
    contexts: [
      { name: "context", context: { cluster: "cluster", user: "user" } },
    ],
    "current-context": "context",
  });
}

function identity(folder: string, name: string): Identity {
  return {
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  };
}

function openssl(...words: string[]): void {
  execFileSync("openssl", words, { stdio: ["ignore", "ignore", "pipe"] });
}
