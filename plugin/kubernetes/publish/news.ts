import type { ClusterObject } from "../kinds.ts";
import type { Readiness } from "./status.ts";

/** What has been heard of a Cluster, and what of it was told. */
export interface Heard {
  /** Its condition's reason now, and since when, in milliseconds since 1970. */
  readonly reason: string;
  readonly since: number;
  /** The reason that was told last; undefined before the first. */
  readonly told: string | undefined;
}

/**
 * How long a reason has to last before it is told; milliseconds. A peer's API server that starts knows no token and no right for a
 * moment, and whoever reads a peer while it writes may miss a slice.
 */
const PATIENCE_MS: Readonly<Record<string, number>> = {
  NotReadYet: 60_000,
  NotPublished: 60_000,
  Incomplete: 60_000,
  TokenRefused: 30_000,
  Unreachable: 300_000,
};

/**
 * Hears a verdict: it is news where its reason has lasted, and is not what was told last.
 *
 * @param before undefined where this process has not heard of the Cluster: what its condition says was told by the one before
 */
export function hear(
  before: Heard | undefined,
  { status }: ClusterObject,
  { verdict: { reason }, now }: { verdict: Readiness; now: number },
): Heard & { readonly isNews: boolean } {
  const known = before ?? heardBefore(status.conditions ?? [], now);
  const since = known?.reason === reason ? known.since : now;
  const isNews = reason !== known?.told && hasLasted(reason, since, now);
  return { reason, since, told: isNews ? reason : known?.told, isNews };
}

function heardBefore(
  conditions: NonNullable<ClusterObject["status"]["conditions"]>,
  now: number,
): Heard | undefined {
  const condition = conditions.find(({ type }) => type === "Ready");
  const since = Date.parse(condition?.lastTransitionTime ?? "");
  if (condition === undefined || Number.isNaN(since)) return undefined;
  const { reason } = condition;
  const told = hasLasted(reason, since, now) ? reason : undefined;
  return { reason, since, told };
}

function hasLasted(reason: string, since: number, now: number): boolean {
  return now - since >= (PATIENCE_MS[reason] ?? 0);
}
