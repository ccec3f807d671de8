import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DaemonSet } from "kubernetes-types/apps/v1.js";
import { parseAllDocuments } from "yaml";

/** The folder with what runs the agent on nodes. */
export const OPS = join(import.meta.dirname, "../../../conf/ops");

/** An object of the manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The manifest's objects, as kubectl reads them. Throws for what is no YAML. */
export function manifests(): Manifest[] {
  const text = readFileSync(join(OPS, "kubernetes.yaml"), "utf8");
  return parseAllDocuments(text).map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() as Manifest;
  });
}

/** The DaemonSet, with its agent's container. */
export function agentPod() {
  const found = manifests().find(({ kind }) => kind === "DaemonSet");
  const pod = (found as DaemonSet | undefined)?.spec?.template.spec;
  const container = pod?.containers.find(({ name }) => name === "agent");
  if (pod === undefined || container === undefined)
    throw new Error("The manifest has no agent");
  return { pod, container };
}

/** The capabilities of a file's agent, as capabilities(7) names them. */
export function capabilities(file: "unit" | "manifest"): string[] {
  if (file === "manifest") {
    const { add = [], drop } =
      agentPod().container.securityContext?.capabilities ?? {};
    if (drop?.join() !== "ALL") throw new Error("Not all others are dropped");
    return add.map((name) => `CAP_${name}`);
  }
  const unit = readFileSync(join(OPS, "crosslink.service"), "utf8");
  return /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
}
