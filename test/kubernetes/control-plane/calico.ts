import { join } from "node:path";
import { buildPrograms } from "../programs/build.ts";
import { SOURCES } from "../programs/versions.ts";

/** The file of Calico's own CRDs, from the cache. */
export function calicoCrds(): string {
  const sources = SOURCES.filter(({ name }) => name === "calico");
  const folders = buildPrograms(() => undefined, { sources });
  return join(folders.get("calico") ?? "", "calico-crds.yaml");
}
