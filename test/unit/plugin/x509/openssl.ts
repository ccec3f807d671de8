import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request for a subject as openssl makes it, with a key of its own; PEM. */
export function opensslRequest(
  subject: string,
  words: readonly string[],
): string {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-x509-"));
  try {
    // Else it adds what this machine's own file says.
    writeFileSync(
      join(folder, "cnf"),
      "[req]\ndistinguished_name = dn\n[dn]\n",
    );
    const always = "req -new -nodes -config cnf -keyout key -subj".split(" ");
    return execFileSync("openssl", [...always, subject, ...words], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
