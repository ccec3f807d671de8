import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM_PATH } from "./binary.ts";
import { PATIENT } from "./patience.ts";

/**
 * Plugins run `iptables` and its kin: links of these names, in a folder of their own, lead to a variant of it.
 *
 * @param folder where that folder is made
 * @param variant `iptables-legacy` or `iptables-nft`
 * @returns the `PATH` of who is to find them
 */
export function iptablesPath(folder: string, variant: string): string {
  const links = join(folder, "bin");
  mkdirSync(links);
  for (const name of ["iptables", "ip6tables"]) {
    const program = variant.replace("iptables", name);
    for (const suffix of ["", "-save", "-restore"])
      symlinkSync(
        programAt(`${program}${suffix}`),
        join(links, `${name}${suffix}`),
      );
  }
  return `${links}:${PATIENT}:${SYSTEM_PATH}`;
}

/** Of two with this name the one that waits for its lock. */
function programAt(name: string): string {
  const patient = join(PATIENT, name);
  return existsSync(patient) ? patient : `/usr/sbin/${name}`;
}
