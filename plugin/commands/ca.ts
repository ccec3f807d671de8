import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  createAuthority,
  newKey,
  requestFor,
  revoke,
  sign,
} from "../ike/ca/authority.ts";
import { NODE_CERTIFICATE, NODE_KEY } from "../ike/charon/node-identity.ts";
import type { Terminal } from "./command.ts";
import { configurationFor, type Options } from "./options.ts";

/** `crosslink ca`: a cluster's certificate authority, for `"keying": "ike"`. All of it lies beside the keyring. */
export function runCa(options: Options, terminal: Terminal): number {
  const [verb = "", ...words] = options.positionals;
  const folder = dirname(configurationFor(options).keyring);
  terminal.writeStdout(answer(verb, words, folder));
  return 0;
}

function answer(
  verb: string,
  words: readonly string[],
  folder: string,
): string {
  const [first, second] = words;
  const authority = join(folder, "ca");
  if (verb === "init" && first !== undefined)
    return member("ca", createAuthority(authority, first), first);
  if (verb === "request" && words.length === 0) return request(folder);
  if (verb === "sign" && first !== undefined && second !== undefined)
    return sign(authority, first, readFileSync(second, "utf8"));
  if (verb === "revoke" && first !== undefined)
    return member("crl", revoke(authority, first), "the authority's cluster");
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot tell what `crosslink ca` shall do",
    {
      details:
        "give it one of: init CLUSTER; request, on the node; sign NODE FILE; revoke NODE",
    },
  );
}

/** As it goes into a cluster file. */
function member(key: string, pem: string, cluster: string): string {
  return `# For the file of ${cluster}, on all nodes of all clusters:\n"${key}": ${JSON.stringify(pem)}\n`;
}

/** The key stays where it was born. */
function request(folder: string): string {
  const path = join(folder, NODE_KEY);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(path, newKey(), { mode: 0o600, flag: "wx" });
  }
  return `${requestFor(path)}# Have it signed (crosslink ca sign NODE FILE), and put the answer into ${join(folder, NODE_CERTIFICATE)}\n`;
}
