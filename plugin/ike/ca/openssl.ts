import { execFileSync } from "node:child_process";
import { CniError, ErrorCode } from "../../../cni/error.ts";
import { isErrno } from "../../../files/errno.ts";

/**
 * Runs OpenSSL's command line: certificates are others' trade, and it is on every machine that an admin sits at. Nothing but
 * `crosslink ca` needs it.
 *
 * @throws CniError 5 where it is not installed, or refuses
 */
export function openssl(words: readonly string[], cwd: string): string {
  try {
    return execFileSync("openssl", words, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const [what = ""] = words;
    throw new CniError(ErrorCode.io, `Cannot run openssl ${what}`, {
      details: isErrno(error, "ENOENT")
        ? "there is no openssl on this machine: install the package openssl"
        : lastWords(error),
    });
  }
}

/** It says what is wrong in its last lines, and quotes no key. */
function lastWords(error: unknown): string {
  const { stderr } = error as { readonly stderr?: unknown };
  const lines = String(stderr ?? error)
    .trim()
    .split("\n");
  return lines.slice(-3).join("; ").slice(0, 500);
}
