import { spawnSync } from "node:child_process";
import { CniError, ErrorCode } from "../../cni/error.ts";

/** A start takes well below a second. */
const PATIENCE_MS = 30_000;

/**
 * Starts an installed full binary, before any conflist leads to it: a noexec mount or a missing
 * library shows now, and not with the next pod.
 *
 * @throws CniError 5 where it does not run
 */
export function requireRunnable(program: string): void {
  const ran = spawnSync(program, ["version"], {
    encoding: "utf8",
    env: {},
    timeout: PATIENCE_MS,
  });
  if (ran.status === 0) return;
  const fact = ran.error === undefined ? ran.stderr.trim() : String(ran.error);
  throw new CniError(
    ErrorCode.io,
    `Cannot run "${program}" where it was installed`,
    {
      details: `${fact}. The conflist was left as it is. Where the folder is mounted noexec: mount -o remount,exec $(findmnt -nro TARGET -T ${program}); then run \`crosslink install\` again`,
    },
  );
}
