/**
 * `npm run bench -- churn`: what a mesh that never rests costs one of its nodes, how far it lags behind, and whether it is right
 * in the end. Fails where it is not.
 *
 *   node test/bench/scale/churn.ts [NODES [SECONDS [CHANGES_A_SECOND]]]
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { HEAP_FLAGS } from "../../../.build/binary.ts";
import { announce, readFigures } from "../output.ts";

/** State is kept in folders of this run's own. */
const NAMESPACES = `
  mkdir -p /run/crosslink /var/lib/crosslink
  for folder in /run/crosslink /var/lib/crosslink; do mount -t tmpfs -o mode=700 tmpfs $folder; done
  exec "$@"`;

/** Runs it, and prints its figures. @throws Error where the node is not what a plan from scratch makes it */
export function benchChurn(words: readonly string[]): void {
  announce(`a mesh that changes: ${words.join(" ")}`);
  const script = join(import.meta.dirname, "churn-node.ts");
  const command = [process.execPath, ...HEAP_FLAGS, script, ...words];
  const shell = ["sh", "-euc", NAMESPACES, "sh", ...command];
  const output = execFileSync("unshare", ["--net", "--mount", ...shell], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const figures = readFigures(output) as Record<string, number>;
  console.log(figures);
  if (figures["stepsFromScratch"] !== 0 || figures["stale"] !== 0)
    throw new Error("The node is not what a plan from scratch makes it");
}

if (import.meta.main) benchChurn(process.argv.slice(2));
