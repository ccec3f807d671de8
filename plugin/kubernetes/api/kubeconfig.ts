import { dirname, resolve } from "node:path";
import { isObject } from "../../../cni/configuration.ts";
import { parse } from "yaml";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Fields } from "../../../cni/fields.ts";
import { readSmallFile } from "../../../files/read.ts";
import { readGiven } from "../given.ts";
import type { Access, Credentials } from "./access.ts";

const LIMIT = { byteLimit: 1024 * 1024 };

/**
 * The API server of a kubeconfig's current context (client-go, tools/clientcmd/api/v1).
 *
 * @throws CniError 7 for what is none, and for what needs a program to be run for a token; 5 where it cannot be read
 */
export function readKubeconfig(path: string): Access {
  const refuse = refusing(path);
  const config = readYaml(
    readGiven(path, "kubeconfig", "give another with --kubeconfig FILE"),
    refuse,
  );
  if (!isObject(config)) return refuse("it is no kubeconfig");
  const wanted = config["current-context"];
  const context = named(config["contexts"], wanted, "context");
  if (context === undefined)
    return refuse(`it has no context "${textOf(wanted) ?? ""}"`);
  const cluster = named(config["clusters"], context["cluster"], "cluster");
  const server = cluster?.["server"];
  if (cluster === undefined || typeof server !== "string")
    return refuse("its context names no server");
  const user = named(config["users"], context["user"], "user") ?? {};
  requirePlain(cluster, user, refuse);
  const folder = dirname(path);
  return {
    server: server.replace(/\/+$/, ""),
    credentials: () => credentialsOf(cluster, user, folder),
  };
}

/** Not the parser's own message, which repeats the text: it may be a key. */
function readYaml(text: string, refuse: Refusing): unknown {
  try {
    return parse(text, { logLevel: "error", maxAliasCount: 100 }) as unknown;
  } catch {
    return refuse("it is no YAML");
  }
}

/** What we neither do for an admin nor without one. */
function requirePlain(cluster: Fields, user: Fields, refuse: Refusing): void {
  if (user["exec"] !== undefined || user["auth-provider"] !== undefined)
    refuse(
      "it has a program run for a token",
      "make one with a token instead: kubectl create token NAME, and `kubectl config set-credentials`",
    );
  if (cluster["insecure-skip-tls-verify"] === true)
    refuse("it asks for no look at the server's certificate");
}

type Refusing = (fact: string, fix?: string) => never;

function refusing(path: string): Refusing {
  return (fact, fix) => {
    throw new CniError(
      ErrorCode.invalidConfiguration,
      `Cannot use kubeconfig "${path}": ${fact}`,
      {
        details:
          fix ??
          "make a plain one with: kubectl config view --raw --flatten --minify -o json",
      },
    );
  };
}

/** Of `[{name, KIND: {…}}]` the one of that name. */
function named(list: unknown, name: unknown, kind: string): Fields | undefined {
  if (!Array.isArray(list)) return undefined;
  const found = list.filter(isObject).find((entry) => entry["name"] === name);
  const value = found?.[kind];
  return isObject(value) ? value : undefined;
}

function credentialsOf(
  cluster: Fields,
  user: Fields,
  folder: string,
): Credentials {
  const pem = (fields: Fields, key: string): string | undefined => {
    const data = fields[`${key}-data`];
    const path = fields[key];
    if (typeof data === "string")
      return Buffer.from(data, "base64").toString("utf8");
    return typeof path === "string"
      ? readSmallFile(resolve(folder, path), LIMIT)
      : undefined;
  };
  const file = user["tokenFile"];
  return {
    ca: pem(cluster, "certificate-authority"),
    certificate: pem(user, "client-certificate"),
    key: pem(user, "client-key"),
    token:
      typeof file === "string"
        ? readSmallFile(resolve(folder, file), LIMIT)?.trim()
        : textOf(user["token"]),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
