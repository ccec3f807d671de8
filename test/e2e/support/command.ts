import { execFile } from "node:child_process";
import { join } from "node:path";
import { ownFiles } from "../../support/own-files.ts";
import { dist } from "./pod.ts";
import type { Node, Place } from "./topology.ts";

/** How a program ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

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
      { maxBuffer: 1 << 26 },
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
  const { status, stdout, stderr } = await runIn(place, program, ...words);
  if (status === 0) return stdout;
  throw new Error(
    `Cannot run "${[program, ...words].join(" ")}": exit code ${status}: ${stderr}${stdout}`,
  );
}

/** Runs a command of dist/crosslink on a node, on the node's own files. */
export function crosslinkOn(
  node: Node,
  command: string,
  ...words: readonly string[]
): Promise<string> {
  return mustRunIn(
    node.namespace,
    join(dist, "crosslink"),
    command,
    ...words,
    ...ownFiles(command, {
      clusters: join(node.folder, "clusters.d"),
      keyring: join(node.folder, "keyring.json"),
      node: node.name,
    }),
  );
}
