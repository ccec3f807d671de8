import { isDeepStrictEqual } from "node:util";
import type { Access } from "../api/access.ts";
import { ask } from "../api/request.ts";
import type { ClusterObject, ClusterStatus, Condition } from "../kinds.ts";
import { PATHS } from "../names.ts";

/** Why a Cluster is, or is not, ready. */
export interface Readiness {
  readonly ready: boolean;
  /** One word, as the API conventions have it. */
  readonly reason: string;
  readonly message: string;
}

/** How old the note of the last good answer may become: each is one write, and an event for every agent. */
const NOTED_MS = 300_000;

/** The status that a Cluster is to have; the same object where nothing is to be written. */
export function nextStatus(
  { status, metadata }: ClusterObject,
  words: Omit<ClusterStatus, "conditions" | "lastSeen" | "observedGeneration">,
  {
    verdict,
    gateway,
    lastGood,
    now,
  }: {
    verdict: Readiness;
    /** Of this cluster's own, where it has gateways. */
    gateway?: Readiness | undefined;
    lastGood?: number | undefined;
    now: number;
  },
): ClusterStatus {
  const noted = Date.parse(status.lastSeen ?? "");
  const isNews = lastGood !== undefined && !(lastGood - noted < NOTED_MS);
  const lastSeen = isNews ? new Date(lastGood).toISOString() : status.lastSeen;
  const before = status.conditions ?? [];
  const next: ClusterStatus = {
    ...words,
    ...(metadata.generation === undefined
      ? {}
      : { observedGeneration: metadata.generation }),
    ...(lastSeen === undefined ? {} : { lastSeen }),
    conditions: [
      conditionOf("Ready", verdict, { before, now }),
      ...(gateway === undefined
        ? []
        : [conditionOf("Gateway", gateway, { before, now })]),
    ],
  };
  return isDeepStrictEqual(next, status) ? status : next;
}

function conditionOf(
  type: string,
  { ready, reason, message }: Readiness,
  { before, now }: { before: readonly Condition[]; now: number },
): Condition {
  const status = ready ? "True" : "False";
  const was = before.find((condition) => condition.type === type);
  return {
    type,
    status,
    reason,
    message: message.slice(0, 1024),
    lastTransitionTime:
      was?.status === status
        ? was.lastTransitionTime
        : new Date(now).toISOString(),
  };
}

/** Writes a status, where it differs. Whole: a word that is no longer said must not stay. */
export async function writeStatus(
  access: Access,
  cluster: ClusterObject,
  status: ClusterStatus,
): Promise<void> {
  if (status === cluster.status) return;
  await ask(access, {
    method: "PATCH",
    path: `${PATHS.clusters}/${cluster.metadata.name}/status`,
    contentType: "application/json-patch+json",
    body: [{ op: "add", path: "/status", value: status }],
  });
}
