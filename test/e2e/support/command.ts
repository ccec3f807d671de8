import { execFile } from "node:child_process";
import { binary, type Ended, printedBy } from "../../support/binary.ts";
import type { Place } from "../../support/namespace.ts";
import { ownFiles } from "../../support/node-files.ts";
import { patientEnvironment } from "../../support/patience.ts";
import type { Machine } from "./topology.ts";

/** Runs a program in a namespace, whatever its outcome. */
export function runIn(
  { name }: Place,
  program: string,
  ...words: readonly string[]
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      "nsenter",
      [`--net=/run/netns/${name}`, program, ...words],
      { maxBuffer: 1 << 26, env: patientEnvironment() },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : Number(error.code ?? 1);
        resolve({ status, stdout, stderr });
      },
    );
  });
}

/** Runs a program in a namespace; what it printed. Throws when it fails. */
export async function mustRunIn(
  place: Place,
  program: string,
  ...words: readonly string[]
): Promise<string> {
  return printedBy(await runIn(place, program, ...words), [program, ...words]);
}

/** Runs a command of dist/crosslink on a node, on the node's own files. */
export function crosslinkOn(
  node: Machine,
  command: string,
  ...words: readonly string[]
): Promise<string> {
  const [program, ...rest] = crosslinkWords(node, command, ...words);
  return mustRunIn(node.namespace, program, ...rest);
}

/** Such a command, as it is typed. */
export function crosslinkWords(
  node: Machine,
  ...words: readonly string[]
): [string, ...string[]] {
  return [binary, ...words, ...ownFiles(words[0], node, node.name)];
}
