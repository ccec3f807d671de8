import { isObject } from "../../../cni/configuration.ts";
import type { ApiObject } from "../api/object.ts";
import type { SliceObject } from "../kinds.ts";
import { GATEWAY, TROUBLE } from "../names.ts";
import {
  type Candidate,
  type Election,
  electGateway,
  type Grade,
} from "./elect.ts";

/** A heartbeat that did not come for so long: five of them (`heartbeat.ts`). Milliseconds. */
const SILENT_MS = 10_000;

/** Whoever is to take over from one that is silent was heard within this time: silence of all is the API server's. */
const FRESH_MS = 5_000;

/** What is heard of gateways, and which of them was chosen. */
export interface Gateways {
  /**
   * Hears heartbeats.
   *
   * @param leases undefined where the API server is not heard itself: nobody's silence counts then
   */
  readonly hear: (leases: readonly ApiObject[] | undefined) => void;
  /** Decides; changes nothing until {@link Gateways.moved}. */
  readonly elect: (
    nodes: readonly ApiObject[],
    active: string | undefined,
  ) => Election | undefined;
  /** The decision is written. */
  readonly moved: () => void;
}

interface Heard {
  readonly renewed: unknown;
  readonly at: number;
  readonly trouble: string | undefined;
}

/** @param clock milliseconds, of this process: no other's is looked at */
export function gateways(clock: () => number): Gateways {
  const { hear, silenceOf, troubleOf } = hearing(clock);
  const grades = new Map<string, { grade: Grade; since: number }>();
  let movedAt = -Infinity;
  const since = (name: string, grade: Grade, now: number): number => {
    const before = grades.get(name);
    const since = before?.grade === grade ? before.since : now;
    grades.set(name, { grade, since });
    return since;
  };
  return {
    hear,
    elect: (nodes, active) => {
      const now = clock();
      const candidates = nodes.filter(isGateway).map((node): Candidate => {
        const { name } = node.metadata;
        const silence = silenceOf(name);
        const judged = judge(node, silence, troubleOf(name));
        const isFresh = silence <= FRESH_MS;
        return {
          ...{ name, isFresh, ...judged },
          since: since(name, judged.grade, now),
        };
      });
      return electGateway(candidates, { active, movedAt }, now);
    },
    moved: () => {
      movedAt = clock();
    },
  };
}

function hearing(clock: () => number) {
  const heard = new Map<string, Heard>();
  /** Whoever was never heard is silent since then. */
  let began: number | undefined;
  const hear: Gateways["hear"] = (leases) => {
    const at = clock();
    began = leases === undefined ? at : (began ?? at);
    if (leases === undefined)
      for (const [name, one] of heard) heard.set(name, { ...one, at });
    for (const lease of leases ?? []) {
      const { name, annotations } = lease.metadata;
      const renewed = renewalOf(lease);
      const before = heard.get(name);
      if (before === undefined || before.renewed !== renewed)
        heard.set(name, { renewed, at, trouble: annotations?.[TROUBLE] });
    }
  };
  return {
    hear,
    silenceOf: (name: string): number => {
      const now = clock();
      return now - (heard.get(name)?.at ?? began ?? now);
    },
    troubleOf: (name: string) => heard.get(name)?.trouble,
  };
}

function judge(
  node: ApiObject,
  silence: number,
  trouble: string | undefined,
): { readonly grade: Grade; readonly why: string } {
  const { spec, status } = node as { spec?: unknown; status?: unknown };
  if (!isReady(status)) return { grade: "gone", why: "its Node is not Ready" };
  if (silence > SILENT_MS)
    return {
      grade: "gone",
      why: `its agent has not been heard for ${SILENT_MS / 1000} s`,
    };
  if (trouble !== undefined) return { grade: "doubtful", why: trouble };
  return isObject(spec) && spec["unschedulable"] === true
    ? { grade: "cordoned", why: "its Node is cordoned" }
    : { grade: "well", why: "" };
}

/** Whether an admin has declared a node a gateway. */
function isGateway({ metadata }: ApiObject): boolean {
  return metadata.annotations?.[GATEWAY] === "true";
}

function isReady(status: unknown): boolean {
  const list = isObject(status) ? status["conditions"] : undefined;
  return (
    Array.isArray(list) &&
    list
      .filter(isObject)
      .some(({ type, status: is }) => type === "Ready" && is === "True")
  );
}

/** Any value will do that differs from renewal to renewal. */
function renewalOf(lease: ApiObject): unknown {
  const { spec } = lease as { spec?: unknown };
  return isObject(spec) ? spec["renewTime"] : undefined;
}

/** The gateway in use, as a cluster's slices have it. */
export function activeIn(slices: readonly SliceObject[]): string | undefined {
  return slices
    .flatMap(({ spec }) => spec.nodes)
    .filter((node) => node["active"] === true && node["gateway"] === true)
    .map(({ name }) => name)
    .sort()[0];
}
