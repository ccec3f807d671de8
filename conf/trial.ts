import { CniError } from "../cni/error.ts";
import { type MeshFile, requireNoConflicts } from "./conflicts.ts";
import { readCluster } from "./cluster.ts";
import { configurationError, type Refuse } from "./document/problem.ts";
import { findSchemaProblem } from "./document/schema.ts";
import type { Cluster } from "./generated/cluster.ts";
import { isCluster } from "./generated/cluster-validator.ts";

/** A cluster file that is not on disk yet, found to make sense by itself. */
export type TriedFile = MeshFile;

/**
 * Reads what is to become a cluster file, as it would be read from disk.
 *
 * @param path where it is to be
 * @param value as parsed; the caller's own stays as it is
 * @returns a sentence where it makes no sense
 */
export function tryCluster(path: string, value: unknown): TriedFile | string {
  const refuse: Refuse = (problem) => {
    throw configurationError(`"${path}"`, problem);
  };
  const copy: unknown = structuredClone(value);
  try {
    const problem = findSchemaProblem(isCluster, copy, { secret: false });
    if (problem !== undefined) refuse(problem);
    const whereIs = (pointer: string) => `${pointer} of "${path}"`;
    return {
      path,
      refuse,
      whereIs,
      ...readCluster(copy as Cluster, { refuse }),
    };
  } catch (error) {
    return sentenceOf(error);
  }
}

/** Why these files cannot be in one folder; undefined where they can. */
export function conflictOf(files: readonly TriedFile[]): string | undefined {
  try {
    requireNoConflicts(files);
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof CniError)) throw error;
  return `${error.message} (${error.details})`;
}
