import { supportedVersions } from "../../cni/version.ts";
import { VERSION } from "../version.ts";
import type { Terminal } from "./command.ts";
import type { Options } from "./options.ts";

/** `crosslink version` */
export function runVersion({ json }: Options, terminal: Terminal): number {
  const facts = {
    version: VERSION,
    node: process.version,
    cniVersions: supportedVersions,
  };
  terminal.writeStdout(
    json
      ? `${JSON.stringify(facts)}\n`
      : `crosslink ${VERSION} (Node.js ${process.version}, CNI ${supportedVersions.join(", ")})\n`,
  );
  return 0;
}
