/**
 * Calls the plugin's handlers with one mutated input after the other, and keeps those that run code that none has run
 * before, to mutate them further. In a process of its own on the node, so that its memory is its own.
 *
 *   node test/support/fuzz/fuzz.ts TARGET INPUTS SITE
 *
 * SITE is a FuzzedSite as JSON. Prints a FuzzReport as JSON. The input that it works on is in the site's folder, for
 * whoever has to end it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCoverage } from "./coverage.ts";
import {
  type FuzzedSite,
  fuzzTarget,
  type Outcome,
  type Target,
} from "./targets.ts";
import { dice, mutate } from "./mutate.ts";
import { SECRET } from "../node-files.ts";

/** What a run found. */
export interface FuzzReport {
  readonly inputs: number;
  /** How many run code that the ones before did not. */
  readonly kept: number;
  /** Inputs that did what none may do: the input in base64, and what it did. */
  readonly lost: readonly { readonly input: string; readonly why: string }[];
  /** How many calls ended with each code; 0 is success. */
  readonly codes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly memoryMegabytes: number;
}

const SLOW_MS = 2000;
const BATCH = 16;
const SEED = 20_260_726;

const [name = "", inputs = "", text = "{}"] = process.argv.slice(2);
const site = JSON.parse(text) as FuzzedSite;
const lost: { input: string; why: string }[] = [];
const codes: Record<string, number> = {};
let slowestMs = 0;

process.stdout.write(
  JSON.stringify(fuzz(fuzzTarget(site, name), Number(inputs))),
);

function fuzz(target: Target, most: number): FuzzReport {
  const { corpus } = target;
  const tools = dice(SEED);
  const coverage = openCoverage();
  const kept = [...corpus];
  for (const input of corpus) attempt(target, input);
  coverage.novelties();
  let tried = corpus.length;
  while (tried < most) {
    const batch = Array.from({ length: BATCH }, () =>
      mutate(tools.pick(tools.roll(2) === 0 ? corpus : kept), tools),
    );
    for (const input of batch) attempt(target, input);
    tried += BATCH;
    if (coverage.novelties() > 0) kept.push(...batch);
  }
  return {
    inputs: tried,
    kept: kept.length,
    lost,
    codes,
    slowestMs: Math.round(slowestMs),
    memoryMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function attempt(target: Target, input: Buffer): void {
  writeFileSync(join(site.folder, "input"), input);
  const started = performance.now();
  const outcome = tryCall(target, input);
  const took = shortest(performance.now() - started, target, input);
  slowestMs = Math.max(slowestMs, took);
  const why = typeof outcome === "string" ? outcome : whatIsWrong(outcome);
  const slow = took > SLOW_MS ? `it took ${Math.round(took)} ms` : undefined;
  if (why !== undefined || slow !== undefined)
    lost.push({ input: input.toString("base64"), why: why ?? slow ?? "" });
  const code = typeof outcome === "string" ? "crash" : codeOf(outcome);
  codes[code] = (codes[code] ?? 0) + 1;
}

/** A busy machine makes any call slow once; one that is slow each time hangs. */
function shortest(first: number, target: Target, input: Buffer): number {
  let best = first;
  for (let again = 0; again < 2 && best > SLOW_MS; again++) {
    const started = performance.now();
    tryCall(target, input);
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

function tryCall({ call }: Target, input: Buffer): Outcome | string {
  try {
    return call(input);
  } catch (error) {
    return `it threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

/** What a call may never do; undefined where it did none of it. */
function whatIsWrong(outcome: Outcome): string | undefined {
  const { exitCode, stdout, stderr } = outcome;
  if (`${stdout}${stderr}`.includes(SECRET)) return "it printed the secret";
  const answer = parseObject(stdout);
  if (exitCode === 0)
    return stdout === "" || answer !== undefined
      ? undefined
      : `it printed "${stdout}"`;
  if (exitCode !== 1 || !isError(answer))
    return `exit code ${exitCode} with "${stdout}"`;
  return isFault(answer) ? `${stdout} ${stderr}` : undefined;
}

function isError(answer: Record<string, unknown> | undefined): boolean {
  return (
    typeof answer?.["code"] === "number" &&
    typeof answer["msg"] === "string" &&
    typeof answer["cniVersion"] === "string"
  );
}

/** Code 100 is a fault of ours; where the kernel's own answer was garbled, that it cannot be decoded is none. */
function isFault(answer: Record<string, unknown> | undefined): boolean {
  const isGarbled =
    name === "netlink" && String(answer?.["details"]).startsWith("RangeError");
  return answer?.["code"] === 100 && !isGarbled;
}

function codeOf({ exitCode, stdout }: Outcome): string {
  return exitCode === 0 ? "0" : String(parseObject(stdout)?.["code"]);
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // the caller tells the text
  }
}
