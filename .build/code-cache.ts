/**
 * V8's compiled forms of the bundle. A short process spends a fifth of an ADD on compiling functions when they are first
 * called; the cache that Node can put into a single executable holds none of them, and one of all functions takes as long
 * to read as half of them to compile. So each call that a runtime makes of a pod has a cache of its own, of what it runs.
 *
 *   node .build/code-cache.ts make|verify SCRIPT CACHE
 */
import {
  execFileSync,
  spawnSync,
  type SpawnSyncReturns,
} from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import type { Entries } from "./entries.ts";
import { scriptOf } from "./script-of.ts";

/** What a cache is made with. */
export interface CacheTools {
  /** The Node that ships: only the V8 that made a cache takes it. */
  readonly node: string;
  /** What it ships with: V8 checks a cache by its flags. */
  readonly flags: readonly string[];
  /** The compiled addon. */
  readonly addon: string;
}

/**
 * What has a cache of its own: a program and the CNI command that it is called with; and the commands before it, which
 * make what it finds. A second ADD notes that the first was enough.
 */
export const TRAINED: Readonly<Record<string, readonly string[]>> = {
  "crosslink ADD": ["ADD", "ADD", "DEL"],
  "crosslink CHECK": ["ADD"],
  "crosslink DEL": ["ADD"],
  "crosslink VERSION": [],
  "crosslink-ipam ADD": ["ADD", "DEL"],
  "crosslink-ipam DEL": ["ADD"],
};

/**
 * Writes the caches of all scripts into a folder: one each with every function, and one for each call of
 * {@link TRAINED}, where this machine lets them be made.
 *
 * @returns the paths, by the names that the loader knows
 */
export function writeCaches(
  scripts: Entries,
  folder: string,
  tools: CacheTools,
): Record<string, string> {
  const whole = (script: string, name: string) => {
    const cache = join(folder, name);
    run(tools, ["make", script, cache]);
    run(tools, ["verify", script, cache]);
    return { [name]: cache };
  };
  const trained = writeTrained(scripts, folder, tools);
  for (const [name, cache] of Object.entries(trained))
    run(tools, [
      "verify",
      served(name.replace(/\.cache$/, ""), scripts),
      cache,
    ]);
  return {
    ...whole(scripts.commandLine, "crosslink.cache"),
    ...whole(scripts.call, "call.cache"),
    ...whole(scripts.release, "release.cache"),
    ...whole(scripts.ipam, "ipam.cache"),
    ...trained,
  };
}

/** The script that serves a call of {@link TRAINED}, as the loader chooses it. */
function served(call: string, scripts: Entries): string {
  const [program = "", command = ""] = call.split(" ");
  return scripts[scriptOf(program, command)];
}

/** In a process of its own: the flags must not outlive it. */
function run({ node, flags }: CacheTools, words: readonly string[]): void {
  execFileSync(node, [...flags, import.meta.filename, ...words]);
}

function writeTrained(
  scripts: Entries,
  folder: string,
  { node, flags, addon }: CacheTools,
): Record<string, string> {
  const caches: Record<string, string> = {};
  for (const call of Object.keys(TRAINED)) {
    const name = `${call}.cache`;
    const file = join(folder, name);
    const training = join(import.meta.dirname, "training.ts");
    const [program = "", command = ""] = call.split(" ");
    const script = served(call, scripts);
    const earlier = served(`${program} ADD`, scripts);
    const words = [script, earlier, file, addon, program, command];
    const ran = spawnSync(
      "unshare",
      ["--net", "--mount", node, ...flags, training, ...words],
      {
        encoding: "utf8",
      },
    );
    if (ran.status !== 0) {
      console.log(`build: calls will start slower: ${reasonOf(ran)}`);
      return {};
    }
    caches[name] = file;
  }
  return caches;
}

/** Its error's own line, out of a stack trace. */
function reasonOf({ error, stderr }: SpawnSyncReturns<string>): string {
  if (error !== undefined) return error.message;
  return /^\w*Error: .*$|^unshare: .*$/m.exec(stderr)?.[0] ?? stderr;
}

function make(text: string, cache: string): void {
  setFlagsFromString("--no-lazy");
  const script = new Script(text, { filename: "crosslink.js" });
  // The cache is only taken by a V8 with the same flags: the ones it starts with.
  setFlagsFromString("--lazy");
  writeFileSync(cache, script.createCachedData());
}

function verify(text: string, cache: string): void {
  const cachedData = readFileSync(cache);
  const script = new Script(text, { filename: "crosslink.js", cachedData });
  if (script.cachedDataRejected === true)
    throw new Error("Cannot use the code cache: V8 rejects it");
}

if (import.meta.main) {
  const [verb, script = "", cache = ""] = process.argv.slice(2);
  const text = readFileSync(script, "latin1");
  if (verb === "make") make(text, cache);
  else verify(text, cache);
}
