import { readCarried } from "../../kubernetes/carry/carried.ts";
import { exportOwn } from "../../kubernetes/carry/export.ts";
import { importOther } from "../../kubernetes/carry/import.ts";
import { readGiven } from "../../kubernetes/given.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";
import { accessFor } from "./access.ts";
import { allowedIn } from "./allowed.ts";
import { later } from "./later.ts";
import { wordOf } from "./word.ts";

/** `crosslink export`: prints what `crosslink import` takes elsewhere. */
export function runExport(options: Options, terminal: Terminal): number {
  const access = accessFor(options, terminal);
  const work = async (): Promise<void> => {
    terminal.writeStdout(await exportOwn(access));
  };
  return later("export", terminal, work());
}

/** `crosslink import FILE`. */
export function runImport(options: Options, terminal: Terminal): number {
  const path = wordOf(options, "import FILE --cluster-pod-cidrs CIDR");
  const fix = "give the file that `crosslink export` printed there";
  const carried = readCarried(readGiven(path, "the cluster", fix));
  const { name } = carried.cluster.metadata;
  const allowed = allowedIn(options, `import "${name.slice(0, 80)}"`);
  const access = accessFor(options, terminal);
  const work = async (): Promise<void> => {
    const { nodes } = await importOther(access, carried, allowed);
    terminal.writeStdout(
      `Imported "${name}" with ${String(nodes)} nodes. Nobody asks its API server: import it again where it changes\n`,
    );
  };
  return later("import", terminal, work());
}
