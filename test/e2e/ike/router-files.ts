import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crosslinkOn } from "../support/command.ts";
import type { Node } from "../support/topology.ts";

/** What an admin makes of what `crosslink routes` prints for a cluster's router or routers, in the folder of one. */
export interface RouterFiles {
  /** What swanctl is to load: it includes the others. */
  readonly file: string;
  readonly printed: string;
}

export async function writeRouterFiles(router: Node): Promise<RouterFiles> {
  const at = (name: string): string => join(router.folder, `${name}.conf`);
  const [connections, secrets, file] = [
    at("connections"),
    at("secrets"),
    at("swanctl"),
  ];
  const words = [router.cluster, "--secrets", secrets];
  const printed = await crosslinkOn(router, "routes", ...words);
  writeFileSync(connections, printed);
  writeFileSync(file, `include ${connections}\ninclude ${secrets}\n`);
  return { file, printed };
}
