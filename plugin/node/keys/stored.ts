import { isObject } from "../../../cni/configuration.ts";
import { SLOTS } from "../../mesh/ipsec/generation.ts";
import { LAST_SEQUENCE } from "./outbound.ts";

/** How far counters had come, as it is written: since one machine may hold several nodes, by network namespace. */
export interface CountersFile {
  readonly version: 1;
  readonly boot: string;
  readonly nodes: readonly StoredNode[];
}

/** What was noted in one network namespace. */
export interface StoredNode {
  readonly network: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** The newest first. What is no longer looked at stays in an old one; of a series in several the newest counts. */
  readonly looks: readonly StoredLook[];
}

/** What was seen at one time; see Meter for its units. */
export interface StoredLook {
  readonly milliseconds: number;
  readonly octets?: number;
  /** Generation and sequence number by series. */
  readonly sent: Readonly<Record<string, readonly [number, number]>>;
}

/** The newest generations, as they are written: by series. */
export interface GenerationsFile {
  readonly version: 1;
  readonly newest: Readonly<Record<string, number>>;
}

/** No series comes so far: a generation is half of an SA's numbers, or a note that was lost. */
const LAST_GENERATION = SLOTS * 2 ** 20;

/** Whether it is what this version writes. Somebody may have edited it, or another version may have written it. */
export function isCounters(content: unknown): content is CountersFile {
  const { version, boot, nodes } = fields(content);
  return version === 1 && typeof boot === "string" && isList(nodes, isNode);
}

/** As {@link isCounters}. */
export function isGenerations(content: unknown): content is GenerationsFile {
  const { version, newest } = fields(content);
  return version === 1 && isRecord(newest, isGeneration);
}

function isNode(content: unknown): boolean {
  const { network, secrets, looks } = fields(content);
  return (
    typeof network === "string" &&
    isRecord(secrets, (name) => typeof name === "string") &&
    isList(looks, isLook)
  );
}

function isLook(content: unknown): boolean {
  const { milliseconds, octets = 0, sent } = fields(content);
  const most = Number.MAX_SAFE_INTEGER;
  return (
    isWithin(milliseconds, most) &&
    isWithin(octets, most) &&
    isRecord(sent, isSent)
  );
}

function isSent(content: unknown): boolean {
  if (!Array.isArray(content) || content.length !== 2) return false;
  const [generation, sequence] = content as unknown[];
  return isGeneration(generation) && isWithin(sequence, LAST_SEQUENCE);
}

function isGeneration(content: unknown): boolean {
  return isWithin(content, LAST_GENERATION);
}

function isWithin(content: unknown, most: number): boolean {
  return (
    Number.isInteger(content) && Number(content) >= 0 && Number(content) <= most
  );
}

function isList(content: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(content) && content.every(is);
}

function isRecord(content: unknown, is: (one: unknown) => boolean): boolean {
  return isObject(content) && Object.values(content).every(is);
}

function fields(content: unknown): Readonly<Record<string, unknown>> {
  return isObject(content) ? content : {};
}
